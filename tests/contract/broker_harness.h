// What an adapter of the broker port brings so that the contract suite can be run on it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "ports/broker.h"

namespace waybill::contract {

/// What a broker can be made to do or promises beyond the port. Cases that need more are not run.
struct BrokerCapabilities {
  bool blocks_when_full = true;     ///< a full queue blocks publishers (another broker may nack instead)
  bool requeues_in_place = true;    ///< what comes back waits in its old place
  bool takes_turns = true;          ///< consumers with credit get the messages of a queue in turn
  bool breaks_sessions = false;     ///< `break_sessions` works
  bool checks_declarations = true;  ///< a declaration with another bound than what exists is refused
};

/// A broker with nothing in it, used by one case from one thread.
class BrokerHarness {
 public:
  virtual ~BrokerHarness() = default;

  [[nodiscard]] virtual Broker& broker() = 0;

  /// Waits until `condition` holds; false once the adapter has had far more time than it can need. The condition is
  /// evaluated on the calling thread.
  [[nodiscard]] virtual bool wait_until(const std::function<bool()>& condition) = 0;
  /// Returns when everything that calls so far have caused has been told to the listeners.
  virtual void settle() = 0;
  /// Breaks every session; each comes back by itself. Only called with `breaks_sessions`.
  virtual void break_sessions() {}
  /// The name of an exchange or queue of this case's own; other than `base` where a broker is shared.
  [[nodiscard]] virtual std::string name(std::string_view base) const { return std::string(base); }

  // For the listeners, from any thread.
  /// A rule that holds in every case was broken.
  void report(std::string violation);
  [[nodiscard]] std::vector<std::string> violations() const;
  /// Keeps a listener whose session has ended until the harness ends, so that what it hears too late can be reported.
  void keep(std::shared_ptr<const void> listener);
  /// Something was heard: wakes `wait_for_news`.
  void heard();

 protected:
  /// For harnesses in real time: waits for `condition` until `deadline`, evaluating it after each event.
  [[nodiscard]] bool wait_for_news(const std::function<bool()>& condition,
                                   std::chrono::steady_clock::time_point deadline);

 private:
  mutable std::mutex mutex_;
  std::condition_variable news_;
  std::uint64_t heard_ = 0;              // guarded by mutex_
  std::vector<std::string> violations_;  // guarded by mutex_
  std::vector<std::shared_ptr<const void>> kept_;
};

}  // namespace waybill::contract
