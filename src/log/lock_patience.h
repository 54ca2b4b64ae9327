// How long a connection of a shared log puts up with what strangers have locked.
#pragma once

#include "base/time.h"

namespace waybill {

struct LockPatience {
  /// How long the writes of a commit are tried by themselves once one of them has met a lock; what is not done by then
  /// is left out. With the wait before it, well below a lease.
  Duration isolation{3'000};
  /// How long a write that is tried by itself waits for a lock, where the server can wait that short.
  Duration alone{50};
  /// How long an id that was found held is not waited for again. A row that is looked at and still held stays
  /// remembered.
  Duration remembered{2'000};
  /// Whether an insert of new rows waits for a lock at all, where the server counts such waits in seconds.
  bool inserts_wait = true;
};

/// Of a lane that all writes ride in: somebody else asks again for what it leaves out.
inline constexpr LockPatience kHotPatience{Duration{200}, Duration{2}, Duration{30'000}, false};
/// Of that somebody; what only rode along with a lock must not wait long here either.
inline constexpr LockPatience kSlowPatience{Duration{1'000}, Duration{2}, Duration{250}, false};

}  // namespace waybill
