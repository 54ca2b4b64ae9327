#include <chrono>
#include <thread>

#include "api/types.h"
#include "app/config_value.h"
#include "cli/client_command.h"
#include "cli/commands.h"
#include "cli/output.h"

namespace waybill::cli {
namespace {

class ShowCommand final : public ClientCommand {
 public:
  std::string name() const override { return "show"; }
  std::string summary() const override { return "Show the trail of a message"; }
  std::vector<std::string> examples() const override {
    return {"waybill show 7512345678901234567", "waybill show 7512345678901234567 --wait 30s",
            "waybill show order-4711 --body --json"};
  }

 protected:
  std::vector<Option> own_options() override {
    return {{"ID", "The message", &id_, true},
            {"--wait", "Wait so long for it to be consumed, dead, cancelled or held", &wait_, false, "TIME"},
            {"--body", "Also its body", &body_}};
  }

  ExitCode run_with(const Client& client) override {
    const auto wait = app::parse_duration(wait_);
    if (!wait.ok()) return report_usage(make_error(ErrorClass::kPermanent, "--wait: " + wait.error().message));
    const auto deadline = std::chrono::steady_clock::now() + *wait;
    while (true) {
      const auto answer = client.get(message_target(id_) + (body_ ? "?body=1" : ""));
      if (!answer.ok()) return report(answer.error());
      const auto message = api::parse_message(*answer);
      if (!message.ok()) return report(message.error());
      const bool settled = is_final(message->status) || message->on_hold;
      if (settled || std::chrono::steady_clock::now() >= deadline) {
        print(json() ? *answer + "\n" : trail_text(*message));
        return settled || wait->count() == 0 ? ExitCode::kDone : ExitCode::kFailed;
      }
      std::this_thread::sleep_for(kPause);
    }
  }

 private:
  static constexpr Duration kPause{50};
  std::string id_;
  std::string wait_ = "0s";
  bool body_ = false;
};

}  // namespace

std::unique_ptr<Command> make_show_command() { return std::make_unique<ShowCommand>(); }

}  // namespace waybill::cli
