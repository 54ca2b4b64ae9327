// How the SQLite log is opened.
#pragma once

#include <cstddef>
#include <string>

#include "base/time.h"

namespace waybill {

struct SqliteOptions {
  std::string path;        ///< of the database file; its directory exists and is on a local disk
  const WallClock& clock;  ///< the store's clock; outlives the log
  /// How long a commit waits for another program's transaction. Far below a third of a lease, or a slow stranger makes
  /// leases run out; too short, and a commit is refused that would have worked.
  Duration busy_timeout{1'000};
  /// Bodies above this are refused, and not loaded for a claim. Bounds the memory of one row.
  std::size_t body_max = 16U << 20U;
  /// Pages (4 KiB) of write-ahead log after which a commit first carries them over into the database. More: fewer,
  /// longer pauses, and a larger file beside the database.
  int checkpoint_pages = 4'000;
  /// Most memory for pages of the file, per connection. Less: pages that are worked on are read again and again.
  std::size_t cache_bytes = 32U << 20U;
};

}  // namespace waybill
