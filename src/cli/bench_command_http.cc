#include "bench/http_bench.h"
#include "cli/bench_command.h"
#include "cli/commands.h"

namespace waybill::cli {
namespace {

class BenchHttpCommand final : public BenchCommand {
 public:
  std::string name() const override { return "bench http"; }
  std::string summary() const override { return "Requests to a real server over loopback, verified by its log"; }
  std::vector<std::string> examples() const override {
    return {"waybill bench http --connections 64 --roles api", "waybill bench http --connections 1 --roles api --json",
            "waybill bench http --connections 4 --bulk 1000 --roles api",
            "waybill bench http --seconds 30 --drain 600"};
  }

 protected:
  std::vector<Option> own_options() override {
    return {{"--connections", "Connections that are kept open, each with one request at a time (64)",
             BoundedInt{&options_.connections, 1, 10'000}, false, "N"},
            {"--roles", "Roles of the server (default: all)", &options_.roles, false, "ROLES"},
            {"--seconds", "How long it is measured, after a second of warming up (10)",
             BoundedInt{&options_.seconds, 1, 3'600}, false, "N"},
            {"--bulk", "Messages in one request to /v1/messages (default: one mail to /mail/send/v2)",
             BoundedInt{&options_.bulk, 0, 1'000}, false, "N"},
            {"--size", "Bytes of each mail's content (13)", BoundedInt{&options_.size, 0, 1 << 20}, false, "BYTES"},
            {"--drain", "How long the delivery of everything is awaited afterwards (120)",
             BoundedInt{&options_.drain, 0, 36'000}, false, "SECONDS"}};
  }

  Result<bench::Report> measure(const app::Config& config, const std::string& directory,
                                bench::RunWatch& watch) override {
    options_.serve_arguments = config_arguments();
    return bench::run_http_bench(config, directory, options_, watch);
  }

 private:
  bench::HttpBenchOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_bench_http_command() { return std::make_unique<BenchHttpCommand>(); }

}  // namespace waybill::cli
