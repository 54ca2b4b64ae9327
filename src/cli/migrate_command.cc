#include "app/migrate.h"
#include "cli/commands.h"
#include "cli/log_command.h"
#include "cli/output.h"

namespace waybill::cli {
namespace {

class MigrateUpCommand final : public LogCommand {
 public:
  std::string name() const override { return "migrate up"; }
  std::string summary() const override { return "Bring it to what this program needs; safe beside others"; }
  std::vector<std::string> examples() const override {
    return {"waybill migrate up --log postgresql://owner@db.example.org/waybill"};
  }

 protected:
  ExitCode run_with(const app::Config& config) override {
    if (Status done = app::migrate_up(config); !done.ok()) return report_log(done.error());
    print_line("the schema is the newest");
    return ExitCode::kDone;
  }
};

class MigrateStatusCommand final : public LogCommand {
 public:
  std::string name() const override { return "migrate status"; }
  std::string summary() const override { return "List the migrations; exit code 1 if one is missing"; }
  std::vector<std::string> examples() const override { return {"waybill migrate status --log postgres"}; }

 protected:
  ExitCode run_with(const app::Config& config) override {
    const auto lines = app::list_migrations(config);
    if (!lines.ok()) return report_log(lines.error());
    bool complete = true;
    for (const auto& line : *lines) {
      print_line((line.applied ? "applied  " : "missing  ") + std::to_string(line.number) + " " + line.name);
      complete = complete && line.applied;
    }
    return complete ? ExitCode::kDone : ExitCode::kFailed;
  }
};

}  // namespace

std::unique_ptr<Command> make_migrate_up_command() { return std::make_unique<MigrateUpCommand>(); }
std::unique_ptr<Command> make_migrate_status_command() { return std::make_unique<MigrateStatusCommand>(); }

}  // namespace waybill::cli
