#include "app/migrate.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/config_options.h"
#include "cli/output.h"

namespace waybill::cli {
namespace {

ExitCode report_log(const Error& error) {
  return error.what == ErrorClass::kPermanent ? report_usage(error) : report(error);
}

/// The configuration's log; nothing else of it matters, so nothing else is asked for.
class LogCommand : public Command {
 public:
  std::vector<Option> options() override {
    return {{"--config", "Configuration file (default ./waybill.toml, if there is one)", &config_.file, false, "FILE"},
            {"--log", "message_log.url: postgres, mariadb (what WAYBILL_POSTGRES, WAYBILL_MARIADB names) or a URL",
             &config_.log, false, "URL"},
            {"--set", "Any other key; may be given several times", &config_.set, false, "SECTION.KEY=VALUE"}};
  }

  ExitCode run() override {
    config_.roles = "api";  // that of an instance which needs no broker
    const auto loaded = config_.load();
    return loaded.ok() ? run_with(loaded->config) : report_usage(loaded.error());
  }

 protected:
  virtual ExitCode run_with(const app::Config& config) = 0;

 private:
  ConfigOptions config_;
};

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
