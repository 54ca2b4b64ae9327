#include "bench/scale_bench.h"
#include "cli/bench_command.h"
#include "cli/commands.h"

namespace waybill::cli {
namespace {

class BenchScaleCommand final : public BenchCommand {
 public:
  BenchScaleCommand() { need_no_broker(); }

  std::string name() const override { return "bench scale"; }
  std::string summary() const override {
    return "Accepting and claiming on a log that holds millions, against an empty one";
  }
  std::vector<std::string> examples() const override {
    return {"waybill bench scale --log postgres", "waybill bench scale --log mariadb --hold 0 --json",
            "waybill bench scale --log postgres --finished 100000 --open 10000 --messages 1000 --hold 3"};
  }

 protected:
  std::vector<Option> own_options() override {
    constexpr int kMost = 1'000'000'000;
    return {{"--log",
             "The message log: postgres, mariadb (two databases of its own on what WAYBILL_POSTGRES, WAYBILL_MARIADB "
             "names) or a URL",
             log(), true, "LOG"},
            {"--finished", "Consumed messages that it holds before (10000000)",
             BoundedInt{&options_.finished, 0, kMost}, false, "N"},
            {"--open", "And open ones (1000000)", BoundedInt{&options_.open, 0, kMost}, false, "N"},
            {"--messages", "How many are carried over each of the two, each step a commit (20000)",
             BoundedInt{&options_.messages, 1, kMost}, false, "N"},
            {"--hold", "Then the same while a transaction is kept open so long (300)",
             BoundedInt{&options_.hold_seconds, 0, 86'400}, false, "SECONDS"},
            {"--size", "Bytes of a body (512)", BoundedInt{&options_.size, 0, 1 << 20}, false, "BYTES"}};
  }

  Result<bench::Report> measure(const app::Config& config, const std::string&, bench::RunWatch& watch) override {
    return bench::run_scale_bench(config, options_, watch);
  }

 private:
  bench::ScaleOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_bench_scale_command() { return std::make_unique<BenchScaleCommand>(); }

}  // namespace waybill::cli
