#include "bench/ledger.h"
#include "bench/pipeline_bench.h"
#include "cli/bench_command.h"
#include "cli/commands.h"

namespace waybill::cli {
namespace {

class BenchPipelineCommand final : public BenchCommand {
 public:
  std::string name() const override { return "bench pipeline"; }
  std::string summary() const override { return "Messages from the intake to a handler that does nothing, verified"; }
  std::vector<std::string> examples() const override {
    return {"waybill bench pipeline --messages 200000",
            "waybill bench pipeline --broker rabbitmq --json",
            "waybill bench pipeline --log postgres --broker rabbitmq --json",
            "waybill bench pipeline --broker rabbitmq --missing-exchange-percent 1",
            "waybill bench pipeline --messages 30000 --rate 1000 --json",
            "waybill bench pipeline --stored 5000000 --dir /var/tmp/full",
            "waybill bench pipeline --stored 5000000 --prune 1000000",
            "waybill bench pipeline --messages 0 --waiting 100000"};
  }

 protected:
  std::vector<Option> own_options() override {
    constexpr int kMost = 50'000'000;
    constexpr int kSizeMin = static_cast<int>(bench::Ledger::kBodyMin);
    return {
        {"--log",
         "The message log: sqlite, postgres, mariadb (a database of its own on what WAYBILL_POSTGRES, WAYBILL_MARIADB "
         "names) or a URL",
         log(), false, "LOG"},
        {"--broker", "The broker: inprocess, rabbitmq (what WAYBILL_RABBITMQ names) or amqp://…", broker(), false,
         "BROKER"},
        {"--messages", "How many (200000)", BoundedInt{&options_.messages, 0, kMost}, false, "N"},
        {"--size", "Bytes of a body (512)", BoundedInt{&options_.size, kSizeMin, 1 << 20}, false, "BYTES"},
        {"--rate", "Messages a second, at even distances (default: as fast as they are handled)",
         BoundedInt{&options_.rate, 0, 1'000'000}, false, "N"},
        {"--concurrency", "Messages under way at once, without --rate (1024)",
         BoundedInt{&options_.concurrency, 1, 1'000'000}, false, "N"},
        {"--prefetch", "Deliveries in hand at most, in the place of worker.prefetch (1000)",
         BoundedInt{&options_.prefetch, 1, 65'535}, false, "N"},
        {"--batch", "Messages given to the intake by one call, at most (64)", BoundedInt{&options_.batch, 1, 10'000},
         false, "N"},
        {"--flood", "Wait only for their acceptance: the backlog may grow in the log", &options_.flood},
        {"--stored", "Finished messages that the log holds before; with --dir they are kept",
         BoundedInt{&options_.stored, 0, kMost}, false, "N"},
        {"--prune", "Finished messages that are removed meanwhile, as `waybill prune` does",
         BoundedInt{&options_.prune, 0, kMost}, false, "N"},
        {"--waiting", "Unfinished messages that the log holds before: a restart",
         BoundedInt{&options_.waiting, 0, kMost}, false, "N"},
        {"--missing-exchange-percent", "Of the messages: to an exchange that there is not; measured without them too",
         BoundedInt{&options_.missing_exchange_percent, 0, 50}, false, "N"}};
  }

  Status check() const override { return bench::check(options_); }

  Result<bench::Report> measure(const app::Config& config, const std::string& directory,
                                bench::RunWatch& watch) override {
    return bench::run_pipeline_bench(config, directory, options_, watch);
  }

 private:
  bench::PipelineOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_bench_pipeline_command() { return std::make_unique<BenchPipelineCommand>(); }

}  // namespace waybill::cli
