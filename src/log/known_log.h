// Which log a process serves, so that a new connection which leads to another one, or to an older copy, is noticed
// (protocol, section 5). One thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace waybill {

class KnownLog {
 public:
  /// Takes what a connection's log says of itself (nothing, if there is none); the first one is taken as it is.
  /// Errors: kPermanent, and what was known stays: it is another log, or one opened fewer times than was seen before.
  [[nodiscard]] Status meet(const std::string& identity, std::int64_t boot_number);

  /// Empty until a log was met.
  [[nodiscard]] const std::string& identity() const { return identity_; }
  [[nodiscard]] std::int64_t boot_number() const { return boot_number_; }

 private:
  std::string identity_;
  std::int64_t boot_number_ = 0;
};

}  // namespace waybill
