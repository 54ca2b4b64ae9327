#include "api/types.h"
#include "cli/client_command.h"
#include "cli/commands.h"
#include "cli/state_change.h"

namespace waybill::cli {
namespace {

class ResolveCommand final : public ClientCommand {
 public:
  std::string name() const override { return "resolve"; }
  std::string summary() const override { return "Say what became of an effect whose outcome was unknown"; }
  std::vector<std::string> examples() const override {
    return {"waybill resolve 7512345678901234567 --outcome done    # it happened",
            "waybill resolve 7512345678901234567 --outcome retry   # it did not: try again"};
  }

 protected:
  std::vector<Option> own_options() override {
    return {{"ID", "The message", &id_, true}, {"--outcome", "done or retry", &outcome_, true, "OUTCOME"}};
  }

  ExitCode run_with(const Client& client) override {
    if (outcome_ != "done" && outcome_ != "retry") {
      return report_usage(
          make_error(ErrorClass::kPermanent, "--outcome: '" + outcome_ + "' is neither done nor retry"));
    }
    return change_state(client, id_, "resolve", api::to_json(api::ResolveRequest{outcome_ == "done"}), json());
  }

 private:
  std::string id_;
  std::string outcome_;
};

}  // namespace

std::unique_ptr<Command> make_resolve_command() { return std::make_unique<ResolveCommand>(); }

}  // namespace waybill::cli
