#include "app/config_report.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/config_options.h"
#include "cli/output.h"

namespace waybill::cli {
namespace {

class ConfigCheckCommand final : public Command {
 public:
  std::string name() const override { return "config check"; }
  std::string summary() const override { return "Say what is wrong with the configuration"; }
  std::vector<std::string> examples() const override {
    return {"waybill config check", "waybill config check --config /etc/waybill/waybill.toml"};
  }
  std::vector<Option> options() override { return options_.options(); }

  ExitCode run() override {
    const auto loaded = options_.load();
    if (!loaded.ok()) return report_usage(loaded.error());
    print_line(loaded->file.empty() ? "the configuration is valid (no file was read)"
                                    : "the configuration is valid (" + loaded->file + ")");
    return ExitCode::kDone;
  }

 private:
  ConfigOptions options_;
};

class ConfigShowCommand final : public Command {
 public:
  std::string name() const override { return "config show"; }
  std::string summary() const override { return "Show every effective value and where it came from"; }
  std::vector<std::string> examples() const override {
    return {"waybill config show", "waybill config show --json",
            "WAYBILL_CFG_HTTP__LISTEN=127.0.0.1:9000 waybill config show"};
  }
  std::vector<Option> options() override {
    auto all = options_.options();
    all.push_back({"--json", "As JSON, with defaults, variables and explanations", &json_});
    return all;
  }

  ExitCode run() override {
    const auto loaded = options_.load();
    if (!loaded.ok()) return report_usage(loaded.error());
    print(json_ ? app::config_as_json(*loaded) : app::config_as_toml(*loaded));
    return ExitCode::kDone;
  }

 private:
  ConfigOptions options_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_config_check_command() { return std::make_unique<ConfigCheckCommand>(); }
std::unique_ptr<Command> make_config_show_command() { return std::make_unique<ConfigShowCommand>(); }

}  // namespace waybill::cli
