#include "cli/client_command.h"
#include "cli/commands.h"
#include "cli/state_change.h"

namespace waybill::cli {
namespace {

class CancelCommand final : public ClientCommand {
 public:
  std::string name() const override { return "cancel"; }
  std::string summary() const override { return "Withdraw a message before its effect"; }
  std::vector<std::string> examples() const override { return {"waybill cancel 7512345678901234567"}; }

 protected:
  std::vector<Option> own_options() override { return {{"ID", "The message", &id_, true}}; }

  ExitCode run_with(const Client& client) override { return change_state(client, id_, "cancel", "{}", json()); }

 private:
  std::string id_;
};

}  // namespace

std::unique_ptr<Command> make_cancel_command() { return std::make_unique<CancelCommand>(); }

}  // namespace waybill::cli
