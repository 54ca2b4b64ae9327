// The places where a test may kill the process around a commit, by what the batch holds (base/fault_point.h).
#pragma once

#include "ports/log_writes.h"

namespace waybill {

class CrashPoints {
 public:
  void note(const Write& write, const Answer& answer);
  void before_commit() const;
  void after_commit() const;

 private:
  bool append_ = false;
  bool take_ = false;
  bool claim_ = false;
  bool finish_ = false;
};

}  // namespace waybill
