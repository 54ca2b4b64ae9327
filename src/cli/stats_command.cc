#include "api/types.h"
#include "cli/client_command.h"
#include "cli/commands.h"
#include "cli/output.h"

namespace waybill::cli {
namespace {

class StatsCommand final : public ClientCommand {
 public:
  std::string name() const override { return "stats"; }
  std::string summary() const override { return "Count messages by state"; }
  std::vector<std::string> examples() const override { return {"waybill stats", "waybill stats --json"}; }

 protected:
  std::vector<Option> own_options() override { return {}; }

  ExitCode run_with(const Client& client) override {
    const auto answer = client.get("/v1/stats");
    if (!answer.ok()) return report(answer.error());
    const auto stats = api::parse_stats(*answer);
    if (!stats.ok()) return report(stats.error());
    print(json() ? *answer + "\n" : table_of(*stats));
    return ExitCode::kDone;
  }

 private:
  static std::string table_of(const api::StatsView& stats) {
    Table table;
    for (const State state : kAllStates) {
      table.add({std::string(to_string(state)), std::to_string(stats.states[static_cast<std::size_t>(state)])});
    }
    table.add({"lapsed attempts", std::to_string(stats.lapse_count)});
    table.add({"unknown outcomes", std::to_string(stats.unknown_count)});
    table.add({"oldest open", time_or_dash(stats.oldest_open)});
    table.add({"now", to_rfc3339(stats.now)});
    return table.text();
  }
};

}  // namespace

std::unique_ptr<Command> make_stats_command() { return std::make_unique<StatsCommand>(); }

}  // namespace waybill::cli
