#include "app/topology.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/topology_command.h"

namespace waybill::cli {
namespace {

class TopologyDiffCommand final : public TopologyCommand {
 public:
  std::string name() const override { return "topology diff"; }
  std::string summary() const override { return "Compare them with what the broker has; changes nothing"; }
  std::vector<std::string> examples() const override {
    return {"waybill topology diff --broker rabbitmq      # exit code 1 if something is missing or differs",
            "waybill topology diff --set broker.management_url=http://127.0.0.1:15672   # bindings and policies too"};
  }

 protected:
  ExitCode run_with(const app::Config& config) override {
    const auto compared = app::compare_topology(config);
    if (!compared.ok()) return report_broker(compared.error());
    if (json()) {
      print(app::comparison_as_json(*compared));
    } else {
      Table table;
      for (const auto& [standing, thing] : compared->lines) {
        table.add({standing, thing.kind, thing.name, thing.detail});
      }
      print(table.text());
    }
    return compared->same() ? ExitCode::kDone : ExitCode::kFailed;
  }
  std::string nothing() const override { return R"({"same":true,"things":[]})"; }
};

}  // namespace

std::unique_ptr<Command> make_topology_diff_command() { return std::make_unique<TopologyDiffCommand>(); }

}  // namespace waybill::cli
