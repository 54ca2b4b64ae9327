#include "ports/log_writes.h"

#include <array>

namespace waybill {

std::string_view to_string(ClaimVerdict verdict) {
  constexpr std::array<std::string_view, kClaimVerdictCount> kNames = {
      "granted", "finished", "cancelled", "dead", "busy", "on_hold", "not_due", "another_message", "unknown_id"};
  return kNames.at(static_cast<std::size_t>(verdict));
}

bool makes_row(const Write& write) {
  return std::holds_alternative<Append>(write) || std::holds_alternative<Adopt>(write) ||
         std::holds_alternative<Park>(write);
}

}  // namespace waybill
