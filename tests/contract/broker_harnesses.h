// Harnesses of the adapters that need no server.
#pragma once

#include <functional>
#include <memory>

#include "ports/broker.h"
#include "tests/contract/broker_harness.h"

namespace waybill::contract {

/// The in-process broker on a thread of its own: events really come from another thread.
[[nodiscard]] std::unique_ptr<BrokerHarness> make_inprocess_harness();

inline constexpr BrokerCapabilities kSimCapabilities{.breaks_sessions = true};
/// The simulator's broker without faults but with a slow network, on virtual time: waiting costs nothing.
[[nodiscard]] std::unique_ptr<BrokerHarness> make_sim_harness();

/// Puts something around an adapter before the suite sees it.
using Wrap = std::function<std::unique_ptr<Broker>(std::unique_ptr<Broker>)>;
/// The same, with the adapter wrapped.
[[nodiscard]] std::unique_ptr<BrokerHarness> make_wrapped_sim_harness(const Wrap& wrap);

}  // namespace waybill::contract
