// Makes system calls of the calling thread fail. The test program's own fsync, write and rename stand before the C
// library's, so that the code under test needs no seam.
#pragma once

namespace waybill {

/// While it lives, the next calls of this thread fail with `error_number`.
class FailingCalls {
 public:
  enum class Call { kNone, kWrite, kSync, kRename };
  FailingCalls(Call call, int error_number);
  ~FailingCalls();
  FailingCalls(const FailingCalls&) = delete;
  FailingCalls& operator=(const FailingCalls&) = delete;
};

/// While it lives, writes of this thread take no more than `bytes` each.
class ShortWrites {
 public:
  explicit ShortWrites(unsigned long bytes);
  ~ShortWrites();
  ShortWrites(const ShortWrites&) = delete;
  ShortWrites& operator=(const ShortWrites&) = delete;
};

}  // namespace waybill
