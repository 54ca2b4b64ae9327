// Adapters of the broker port that each break one promise. If the suite lets one pass, the suite is wrong.
#pragma once

#include <memory>
#include <ostream>
#include <vector>

#include "ports/broker.h"

namespace waybill::contract {

struct WrongBroker {
  const char* name;
  /// The case that must fail on it; others may fail too.
  const char* caught_by;
  std::unique_ptr<Broker> (*wrap)(std::unique_ptr<Broker> right);
};

/// How GoogleTest names it.
inline void PrintTo(const WrongBroker& wrong, std::ostream* out) { *out << wrong.name; }

[[nodiscard]] std::vector<WrongBroker> brokers_that_publish_wrongly();
[[nodiscard]] std::vector<WrongBroker> brokers_that_deliver_wrongly();
[[nodiscard]] std::vector<WrongBroker> brokers_that_settle_wrongly();

}  // namespace waybill::contract
