// A file system for SQLite that writes its write-ahead log in large pieces.
//
// SQLite appends each page to that log with two writes, of 24 and of 4,096 bytes, so that the kernel touches its own
// pages three times for one (docs/adr/0024). Here they are gathered, and written before anything else is done with the
// file: so before every sync, which makes a commit durable and comes before any reader is told of its pages; and before
// another program may write in their place. A connection without `synchronous=FULL` has no such sync, and must not be
// opened so: readers would look for pages in vain.
#pragma once

#include <memory>

namespace waybill::sqlite {

/// In front of the default file system of SQLite, for one connection, which it outlives. Only the write-ahead log is
/// treated so, which is one: no further database may be attached. A write that fails is told by the call that follows,
/// at the latest by the sync of its commit, and by every further one until the writers' lock is given up.
class WalGathering {
 public:
  WalGathering();
  ~WalGathering();
  WalGathering(const WalGathering&) = delete;
  WalGathering& operator=(const WalGathering&) = delete;

  /// To open the connection with.
  [[nodiscard]] const char* name() const;

 private:
  struct Vfs;
  std::unique_ptr<Vfs> vfs_;
};

}  // namespace waybill::sqlite
