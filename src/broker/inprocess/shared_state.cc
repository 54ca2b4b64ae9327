#include "broker/inprocess/shared_state.h"

namespace waybill::inprocess {

PublishBlocked why_blocked(const BrokerCore& core) {
  const MessageQueue* const full = core.full_queue();
  return PublishBlocked{full == nullptr ? "queue full" : "queue '" + full->declaration().name.value + "' is full"};
}

void SharedState::tell_if_blocked_changed() {
  if (blocked == core.blocked()) return;
  blocked = core.blocked();
  for (const auto& publisher : publishers) {
    if (blocked) {
      publisher->put(why_blocked(core));
    } else {
      publisher->put(PublishReady{});
    }
  }
}

}  // namespace waybill::inprocess
