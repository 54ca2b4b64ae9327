// What can go wrong between a node and the simulated broker, and a count of what did.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>

namespace waybill {

/// Knobs that may be turned at any time of a run. Chances are per message, 0 never and 1 always.
struct SimBrokerFaults {
  using Delay = std::chrono::microseconds;
  struct Range {
    Delay least{0};
    Delay most{0};
  };

  Range latency{Delay(50), Delay(500)};       ///< one way; what one session sends arrives in its order
  Range reordering{Delay(0), Delay(20'000)};  ///< by how much what is reordered comes later
  Range duplicate{Delay(0), Delay(500'000)};  ///< how long after the original its duplicate is queued
  Range doubt{Delay(0), Delay(500'000)};      ///< from a lost publish or answer until its session goes down
  Range notice{Delay(0), Delay(1'000'000)};   ///< from the loss of a session until its node hears of it
  Range crash{Delay(0), Delay(1'000'000)};    ///< from a node's crash until the broker notices
  Range reconnect{Delay(10'000), Delay(1'000'000)};

  double lose_publish = 0;        ///< never arrives, never answered
  double lose_answer = 0;         ///< queued, never answered
  double nack = 0;                ///< not queued
  double ack_what_it_loses = 0;   ///< acked, not queued
  double reorder_publish = 0;     ///< queued and answered after later ones
  double reorder_confirm = 0;     ///< confirmed after later ones
  double duplicate_delivery = 0;  ///< delivered a second time, later
};

/// One row each of a run's coverage table. Counted when it took effect, not when it was asked for.
enum class SimBrokerFault : std::uint8_t {
  kLostPublish,
  kLostAnswer,
  kNacked,
  kAckedWhatItLost,
  kReorderedPublish,
  kReorderedConfirm,
  kDuplicateDelivery,
  kUnroutable,       ///< a publish was returned with 312
  kMissingExchange,  ///< a publish was returned with 404
  kBlocked,          ///< a publisher was told
  kPublisherDown,
  kConsumerDown,
  kUndeadPublish,  ///< a publish was queued although its session had gone down: in doubt, and there
  kNodeCrash,      ///< with a session attached
  kRedelivered,    ///< a delivery that an earlier session did not acknowledge
  kRestarted,      ///< the broker was down and came back with everything
  kWiped,          ///< … with at least one message forgotten
  kPurged,         ///< at least one waiting message
  kCancelled,      ///< a subscription was ended
};
inline constexpr std::size_t kSimBrokerFaultCount = 19;
[[nodiscard]] std::string_view to_string(SimBrokerFault fault);

/// Counts by fault; runs are added up.
struct SimBrokerCounts {
  std::array<std::uint64_t, kSimBrokerFaultCount> by_fault{};

  [[nodiscard]] std::uint64_t operator[](SimBrokerFault fault) const {
    return by_fault[static_cast<std::size_t>(fault)];
  }
  void add(SimBrokerFault fault) { by_fault[static_cast<std::size_t>(fault)] += 1; }
  SimBrokerCounts& operator+=(const SimBrokerCounts& other) {
    for (std::size_t i = 0; i < by_fault.size(); ++i) by_fault[i] += other.by_fault[i];
    return *this;
  }
};

}  // namespace waybill
