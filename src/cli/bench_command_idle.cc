#include "bench/idle_bench.h"
#include "cli/bench_command.h"
#include "cli/commands.h"

namespace waybill::cli {
namespace {

class BenchIdleCommand final : public BenchCommand {
 public:
  std::string name() const override { return "bench idle"; }
  std::string summary() const override { return "What a server without clients takes"; }
  std::vector<std::string> examples() const override { return {"waybill bench idle", "waybill bench idle --json"}; }

 protected:
  std::vector<Option> own_options() override {
    return {{"--seconds", "How long it is measured (60)", BoundedInt{&options_.seconds, 1, 86'400}, false, "N"},
            {"--settle", "Seconds between its start and that (10)", BoundedInt{&options_.settle, 0, 3'600}, false, "N"},
            {"--roles", "Roles of the server (default: all)", &options_.roles, false, "ROLES"}};
  }

  Result<bench::Report> measure(const app::Config& config, const std::string& directory,
                                bench::RunWatch& watch) override {
    options_.serve_arguments = config_arguments();
    return bench::run_idle_bench(config, directory, options_, watch);
  }

 private:
  bench::IdleBenchOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_bench_idle_command() { return std::make_unique<BenchIdleCommand>(); }

}  // namespace waybill::cli
