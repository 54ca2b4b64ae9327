#include "bench/broker_bench.h"
#include "cli/bench_command.h"
#include "cli/commands.h"

namespace waybill::cli {
namespace {

class BenchBrokerCommand final : public BenchCommand {
 public:
  BenchBrokerCommand() { *broker() = "rabbitmq"; }

  std::string name() const override { return "bench broker"; }
  std::string summary() const override { return "Our client of RabbitMQ alone, against a plain blocking one"; }
  std::vector<std::string> examples() const override {
    return {"waybill bench broker --broker amqp://guest:guest@127.0.0.1:5672",
            "waybill bench broker --messages 500000 --set broker.queue_type=classic --json"};
  }

 protected:
  std::vector<Option> own_options() override {
    return {
        {"--broker", "The broker: rabbitmq (what WAYBILL_RABBITMQ names) or amqp://…", broker(), false, "BROKER"},
        {"--messages", "How many (200000)", BoundedInt{&options_.messages, 1, 50'000'000}, false, "N"},
        {"--size", "Bytes of a body (512)", BoundedInt{&options_.size, 0, 1 << 20}, false, "BYTES"},
        {"--window", "Publishes without a confirm, at most (1000)", BoundedInt{&options_.window, 1, 50'000}, false,
         "N"},
        {"--prefetch", "Deliveries without an ack, at most (2000)", BoundedInt{&options_.prefetch, 1, 65'535}, false,
         "N"},
        {"--acks", "Deliveries that one ack answers (100)", BoundedInt{&options_.acks_together, 1, 10'000}, false, "N"},
        {"--rounds", "Of both clients in turn; the better of each counts (3)", BoundedInt{&options_.rounds, 1, 100},
         false, "N"}};
  }

  Status check() const override {
    if (options_.acks_together <= options_.prefetch) return ok_status();
    return make_error(ErrorClass::kPermanent, "--acks is more than --prefetch: the first ack would never come");
  }

  Result<bench::Report> measure(const app::Config& config, const std::string& /*directory*/,
                                bench::RunWatch& watch) override {
    return bench::run_broker_bench(config, options_, watch);
  }

 private:
  bench::BrokerBenchOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_bench_broker_command() { return std::make_unique<BenchBrokerCommand>(); }

}  // namespace waybill::cli
