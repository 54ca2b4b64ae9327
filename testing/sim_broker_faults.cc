#include "testing/sim_broker_faults.h"

namespace waybill {

std::string_view to_string(SimBrokerFault fault) {
  constexpr std::array<std::string_view, kSimBrokerFaultCount> kNames = {
      "publish lost",      "answer lost",      "publish nacked",      "acked what it lost", "publish reordered",
      "confirm reordered", "delivery doubled", "unroutable",          "exchange missing",   "publisher blocked",
      "publisher down",    "consumer down",    "publish after death", "node crashed",       "redelivered",
      "broker restarted",  "broker wiped",     "queue purged",        "subscription ended",
  };
  return kNames.at(static_cast<std::size_t>(fault));
}

}  // namespace waybill
