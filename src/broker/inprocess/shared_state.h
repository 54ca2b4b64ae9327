// What all sessions of one in-process broker share: the core behind its mutex, and who must hear that it is blocked.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "base/loop.h"
#include "broker/inprocess/broker_core.h"
#include "broker/inprocess/session_events.h"

namespace waybill::inprocess {

struct SharedState {
  SharedState(Loop& events_loop, std::size_t max_queue_bytes) : loop(events_loop), core(max_queue_bytes) {}

  /// Tells every publisher if the core began or ceased to be blocked. With the mutex held, after each verb.
  void tell_if_blocked_changed();

  Loop& loop;
  std::mutex mutex;
  BrokerCore core;                                          // guarded by mutex
  std::vector<std::shared_ptr<PublishMailbox>> publishers;  // guarded by mutex
  std::uint64_t last_epoch = 0;                             // guarded by mutex
  bool blocked = false;                                     // guarded by mutex; what the publishers were told
};

[[nodiscard]] PublishBlocked why_blocked(const BrokerCore& core);

}  // namespace waybill::inprocess
