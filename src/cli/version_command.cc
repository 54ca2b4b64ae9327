#include "cli/commands.h"
#include "cli/output.h"

namespace waybill::cli {
namespace {

class VersionCommand final : public Command {
 public:
  std::string name() const override { return "version"; }
  std::string summary() const override { return "Print the version"; }
  std::vector<std::string> examples() const override { return {"waybill version", "waybill version --json"}; }
  std::vector<Option> options() override { return {{"--json", "As JSON", &json_}}; }

  ExitCode run() override {
    print_line(json_ ? R"({"version":")" WAYBILL_VERSION R"("})" : "waybill " WAYBILL_VERSION);
    return ExitCode::kDone;
  }

 private:
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_version_command() { return std::make_unique<VersionCommand>(); }

}  // namespace waybill::cli
