#include "app/topology.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/topology_command.h"

namespace waybill::cli {
namespace {

class TopologyShowCommand final : public TopologyCommand {
 public:
  std::string name() const override { return "topology show"; }
  std::string summary() const override { return "Show the exchanges, queues and bindings that are declared"; }
  std::vector<std::string> examples() const override {
    return {"waybill topology show --broker rabbitmq",
            "waybill topology show --config /etc/waybill/waybill.toml --json"};
  }

 protected:
  ExitCode run_with(const app::Config& config) override {
    if (json()) {
      print(app::topology_as_json(config));
      return ExitCode::kDone;
    }
    Table table;
    for (const auto& line : app::topology_lines(config)) table.add({line.kind, line.name, line.detail});
    print(table.text());
    return ExitCode::kDone;
  }
};

}  // namespace

std::unique_ptr<Command> make_topology_show_command() { return std::make_unique<TopologyShowCommand>(); }

}  // namespace waybill::cli
