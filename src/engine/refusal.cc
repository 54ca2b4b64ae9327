#include "engine/refusal.h"

#include <utility>

#include "base/log.h"

namespace waybill {

void refuse_unpublishable(LogLane& lane, MonoTime deadline, MessageId id, std::string reason) {
  Refuse refusal{id, reason};
  submit_for<VerbAnswer>(
      lane, std::move(refusal), deadline,
      [id = std::move(id), reason = std::move(reason)](const Result<VerbAnswer>& answer) {
        if (!answer.ok() || !answer->applied()) return;
        log_event(LogLevel::kError, "relay", "message is dead",
                  {{"msg_id", id.value}, {"status", "dead"}, {"error", "it cannot be published: " + reason}});
      });
}

}  // namespace waybill
