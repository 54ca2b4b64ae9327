// Rows that another session was found to hold for longer than a commit takes. For a while nobody waits for them again:
// a commit that names one only looks whether it is free by now, so that a stranger's lock costs its neighbours once.
#pragma once

#include <string>
#include <unordered_map>

#include "base/time.h"
#include "core/names.h"

namespace waybill::rows {

/// One thread.
class HeldRows {
 public:
  void add(const MessageId& id);
  /// True if it was found held a short time ago.
  [[nodiscard]] bool has(const MessageId& id);

 private:
  std::unordered_map<std::string, MonoTime> until_;
};

}  // namespace waybill::rows
