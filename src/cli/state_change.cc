#include "cli/state_change.h"

#include "api/types.h"
#include "cli/output.h"

namespace waybill::cli {

ExitCode change_state(const Client& client, const std::string& id, const std::string& verb, const std::string& request,
                      bool json) {
  const auto answer = client.post(message_target(id) + "/" + verb, request);
  if (!answer.ok()) {
    return report(advise(answer.error(),
                         "`waybill show " + id + "` tells whether it was done; if it was not, repeat the command",
                         "Nothing was changed: try again later"));
  }
  const auto change = api::parse_state_change(*answer);
  if (!change.ok()) return report(change.error());
  print_line(json ? *answer : change->id + ": " + std::string(to_string(change->status)));
  return ExitCode::kDone;
}

}  // namespace waybill::cli
