// Rows that another session was found to hold for longer than a commit takes. Nobody waits for them again while they
// are remembered: a commit that names one only looks whether it is free by now, so that a stranger's lock costs its
// neighbours once.
#pragma once

#include <string>
#include <unordered_map>

#include "base/time.h"
#include "core/names.h"
#include "log/lock_patience.h"

namespace waybill::rows {

/// One thread.
class HeldRows {
 public:
  explicit HeldRows(const LockPatience& patience) : remembered_(patience.remembered) {}

  /// Found held just now: it is remembered from here on.
  void add(const MessageId& id);
  /// Found free.
  void forget(const MessageId& id);
  /// True if it was found held, and has not been found free since.
  [[nodiscard]] bool has(const MessageId& id);

 private:
  const Duration remembered_;
  std::unordered_map<std::string, MonoTime> until_;
};

}  // namespace waybill::rows
