#include "api/types.h"
#include "cli/client_command.h"
#include "cli/commands.h"
#include "cli/state_change.h"

namespace waybill::cli {
namespace {

class RetryCommand final : public ClientCommand {
 public:
  std::string name() const override { return "retry"; }
  std::string summary() const override { return "Drive a dead, cancelled or unknown message again"; }
  std::vector<std::string> examples() const override {
    return {"waybill retry 7512345678901234567", "waybill retry 7512345678901234567 --again"};
  }

 protected:
  std::vector<Option> own_options() override {
    return {{"ID", "The message", &id_, true},
            {"--again", "Even if its effect is known to have happened: it happens again", &again_}};
  }

  ExitCode run_with(const Client& client) override {
    return change_state(client, id_, "retry", api::to_json(api::RetryRequest{again_}), json());
  }

 private:
  std::string id_;
  bool again_ = false;
};

}  // namespace

std::unique_ptr<Command> make_retry_command() { return std::make_unique<RetryCommand>(); }

}  // namespace waybill::cli
