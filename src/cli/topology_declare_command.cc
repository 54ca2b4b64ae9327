#include "app/topology.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/topology_command.h"

namespace waybill::cli {
namespace {

class TopologyDeclareCommand final : public TopologyCommand {
 public:
  std::string name() const override { return "topology declare"; }
  std::string summary() const override { return "Declare them on the broker, as `waybill serve` does"; }
  std::vector<std::string> examples() const override {
    return {"waybill topology declare --broker amqp://USER:PASSWORD@HOST/VHOST"};
  }

 protected:
  ExitCode run_with(const app::Config& config) override {
    if (const Status declared = app::declare_topology(config); !declared.ok()) return report_broker(declared.error());
    if (json()) {
      print(app::topology_as_json(config));
    } else {
      print_line("declared; `waybill topology show` lists it");
    }
    return ExitCode::kDone;
  }
};

}  // namespace

std::unique_ptr<Command> make_topology_declare_command() { return std::make_unique<TopologyDeclareCommand>(); }

}  // namespace waybill::cli
