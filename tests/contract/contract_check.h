// What the cases of a contract suite say when an adapter breaks its port's contract. Plain exceptions rather than test
// framework macros, so that a suite can also be run against deliberately wrong adapters and be asked which case failed.
#pragma once

#include <source_location>
#include <stdexcept>
#include <string>
#include <string_view>

namespace waybill::contract {

/// A case found the contract broken; the text says where and how.
class ContractViolation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Throws ContractViolation unless `holds`; `what` is the sentence that should have been true.
inline void check(bool holds, std::string_view what, std::source_location place = std::source_location::current()) {
  if (holds) return;
  throw ContractViolation(std::string(place.file_name()) + ":" + std::to_string(place.line()) +
                          ": not true: " + std::string(what));
}

}  // namespace waybill::contract
