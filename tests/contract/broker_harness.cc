#include "tests/contract/broker_harness.h"

#include <utility>

namespace waybill::contract {

void BrokerHarness::report(std::string violation) {
  const std::lock_guard lock(mutex_);
  violations_.push_back(std::move(violation));
}

std::vector<std::string> BrokerHarness::violations() const {
  const std::lock_guard lock(mutex_);
  return violations_;
}

void BrokerHarness::keep(std::shared_ptr<const void> listener) { kept_.push_back(std::move(listener)); }

void BrokerHarness::heard() {
  {
    const std::lock_guard lock(mutex_);
    heard_ += 1;
  }
  news_.notify_all();
}

bool BrokerHarness::wait_for_news(const std::function<bool()>& condition,
                                  std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  while (true) {
    const auto before = heard_;
    lock.unlock();  // the condition asks listeners, which report here
    if (condition()) return true;
    lock.lock();
    if (!news_.wait_until(lock, deadline, [&] { return heard_ != before; })) return false;
  }
}

}  // namespace waybill::contract
