#include "api/types.h"
#include "cli/client_command.h"
#include "cli/commands.h"
#include "cli/output.h"

namespace waybill::cli {
namespace {

class ListCommand final : public ClientCommand {
 public:
  std::string name() const override { return "list"; }
  std::string summary() const override { return "List messages, newest first"; }
  std::vector<std::string> examples() const override {
    return {"waybill list --status dead", "waybill list --limit 1000 --json"};
  }

 protected:
  std::vector<Option> own_options() override {
    return {{"--status",
             "Only those in this state (sending, sent, send_failed, consumed, consume_failed, dead, "
             "outcome_unknown, cancelled)",
             &status_, false, "STATE"},
            {"--limit", "At most so many (default 50)", BoundedInt{&limit_, 1, 1'000}, false, "N"}};
  }

  ExitCode run_with(const Client& client) override {
    std::string target = "/v1/messages?limit=" + std::to_string(limit_);
    if (!status_.empty()) {
      const auto state = parse_state(status_);
      if (!state) {
        return report_usage(make_error(
            ErrorClass::kPermanent, "--status: there is no state '" + status_ + "'; `waybill help list` names them"));
      }
      target += "&status=" + std::string(to_string(*state));
    }
    const auto answer = client.get(target);
    if (!answer.ok()) return report(answer.error());
    const auto list = api::parse_message_list(*answer);
    if (!list.ok()) return report(list.error());
    print(json() ? *answer + "\n" : table_of(*list));
    return ExitCode::kDone;
  }

 private:
  static std::string table_of(const api::MessageListView& list) {
    if (list.messages.empty()) return "no messages\n";
    Table table;
    table.add({"ID", "STATUS", "FAILED", "CREATED", "NEXT TRY", "LAST ERROR"});
    for (const auto& message : list.messages) {
      table.add({message.id, status_text(message), std::to_string(message.try_count), to_rfc3339(message.create_time),
                 time_or_dash(message.next_try_time), or_dash(message.last_error)});
    }
    return table.text();
  }

  std::string status_;
  int limit_ = 50;
};

}  // namespace

std::unique_ptr<Command> make_list_command() { return std::make_unique<ListCommand>(); }

}  // namespace waybill::cli
