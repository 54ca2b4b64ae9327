#include "app/doctor.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/config_options.h"
#include "cli/output.h"

namespace waybill::cli {
namespace {

class DoctorCommand final : public Command {
 public:
  std::string name() const override { return "doctor"; }
  std::string summary() const override { return "Look at log, broker and mail directory, and say what to do"; }
  std::vector<std::string> examples() const override {
    return {"waybill doctor", "waybill doctor --config /etc/waybill/waybill.toml --json",
            "waybill doctor --broker rabbitmq --set broker.management_url=http://127.0.0.1:15672"};
  }
  std::vector<Option> options() override {
    auto all = config_.options();
    all.push_back({"--json", "As JSON", &json_});
    return all;
  }

  ExitCode run() override {
    const auto loaded = config_.load();
    if (!loaded.ok()) return report_usage(loaded.error());
    const auto diagnosis = app::examine(loaded->config);
    print(json_ ? app::diagnosis_as_json(diagnosis) : app::diagnosis_as_text(diagnosis));
    return diagnosis.has_problem() ? ExitCode::kFailed : ExitCode::kDone;
  }

 private:
  ConfigOptions config_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_doctor_command() { return std::make_unique<DoctorCommand>(); }

}  // namespace waybill::cli
