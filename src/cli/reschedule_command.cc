#include "api/types.h"
#include "cli/client_command.h"
#include "cli/commands.h"
#include "cli/state_change.h"

namespace waybill::cli {
namespace {

class RescheduleCommand final : public ClientCommand {
 public:
  std::string name() const override { return "reschedule"; }
  std::string summary() const override { return "Give a message that still waits another time"; }
  std::vector<std::string> examples() const override {
    return {"waybill reschedule 7512345678901234567 --at 2026-01-31T08:00:00Z"};
  }

 protected:
  std::vector<Option> own_options() override {
    return {{"ID", "The message", &id_, true},
            {"--at", "When it is due, as in RFC 3339; what has passed means now", &at_, true, "TIME"}};
  }

  ExitCode run_with(const Client& client) override {
    const auto time = parse_rfc3339(at_);
    if (!time) {
      return report_usage(make_error(ErrorClass::kPermanent,
                                     "--at: '" + at_ + "' is not a time as in RFC 3339, such as 2026-01-31T08:00:00Z"));
    }
    return change_state(client, id_, "reschedule", api::to_json(api::RescheduleRequest{*time}), json());
  }

 private:
  std::string id_;
  std::string at_;
};

}  // namespace

std::unique_ptr<Command> make_reschedule_command() { return std::make_unique<RescheduleCommand>(); }

}  // namespace waybill::cli
