// How the SQLite log is opened.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "core/message.h"

namespace waybill {

struct SqliteOptions {
  std::string path;        ///< of the database file; its directory exists and is on a local disk
  const WallClock& clock;  ///< the store's clock; outlives the log
  /// Asked of a log that exists before anything is written to it, with what it says of itself and the number that this
  /// opening would have. An error refuses the opening and leaves the log as it was. None: every log will do.
  std::function<Status(const std::string& identity, std::int64_t boot_number)> admit = {};
  bool counted = true;  ///< this opening is a boot; false: only to look at it, or to do what a person asks
  /// How long a commit waits for another program's transaction. Far below a third of a lease, or a slow stranger makes
  /// leases run out; too short, and a commit is refused that would have worked.
  Duration busy_timeout{1'000};
  /// Bodies above this are refused, and not loaded. Bounds the memory of one row.
  std::size_t body_max = kBodyMax;
  /// Pages (4 KiB) of write-ahead log after which a commit first carries them over into the database. More: fewer,
  /// longer pauses, and a larger file beside the database.
  int checkpoint_pages = 4'000;
  /// A file up to this size is looked through for damage while it is opened, which takes a tenth of a second at 64 MiB.
  /// Of a larger one SqliteLog::check is to be called beside the service: 5 million rows take 8 s, or as long as the
  /// disk takes to read them.
  std::size_t checked_at_open_max = 64U << 20U;
  /// Most memory for pages of the file, per connection. What is worked on is a few MiB, however many rows there are:
  /// more than this made nothing faster, less reads such pages again and again.
  std::size_t cache_bytes = 16U << 20U;
};

}  // namespace waybill
