#include "bench/log_bench.h"
#include "cli/bench_command.h"
#include "cli/commands.h"

namespace waybill::cli {
namespace {

class BenchLogCommand final : public BenchCommand {
 public:
  BenchLogCommand() { need_no_broker(); }

  std::string name() const override { return "bench log"; }
  std::string summary() const override { return "The bare statements of a message's life, and the log's verbs"; }
  std::vector<std::string> examples() const override {
    return {"waybill bench log", "waybill bench log --batch 1 --messages 5000 --json",
            "waybill bench log --log postgres"};
  }

 protected:
  std::vector<Option> own_options() override {
    return {{"--log",
             "The message log: sqlite, postgres, mariadb (a database of its own on what WAYBILL_POSTGRES, "
             "WAYBILL_MARIADB names) or a URL",
             log(), false, "LOG"},
            {"--messages", "How many (100000)", BoundedInt{&options_.messages, 1, 50'000'000}, false, "N"},
            {"--size", "Bytes of a body (512)", BoundedInt{&options_.size, 0, 1 << 20}, false, "BYTES"},
            {"--batch", "Messages in one commit (1000)", BoundedInt{&options_.batch, 1, 100'000}, false, "N"}};
  }

  Result<bench::Report> measure(const app::Config& config, const std::string& directory,
                                bench::RunWatch& watch) override {
    return bench::run_log_bench(config, directory, options_, watch);
  }

 private:
  bench::LogBenchOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_bench_log_command() { return std::make_unique<BenchLogCommand>(); }

}  // namespace waybill::cli
