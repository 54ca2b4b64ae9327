// What this process has declared, or wants to, for every connection to declare again: the broker may have lost it. Any
// thread.
#pragma once

#include <algorithm>
#include <mutex>

#include "ports/broker.h"

namespace waybill::rabbitmq {

class TopologyBook {
 public:
  void add(const Topology& topology) {
    const std::lock_guard lock(mutex_);
    merge(all_.exchanges, topology.exchanges, [](const auto& a, const auto& b) { return a == b; });
    merge(all_.queues, topology.queues, [](const auto& a, const auto& b) { return a.name == b.name; });
    merge(all_.bindings, topology.bindings,
          [](const auto& a, const auto& b) { return a.route == b.route && a.queue == b.queue; });
  }
  [[nodiscard]] Topology all() const {
    const std::lock_guard lock(mutex_);
    return all_;
  }

 private:
  template <class T, class Same>
  static void merge(std::vector<T>& into, const std::vector<T>& more, const Same& same) {
    for (const T& one : more) {
      if (std::none_of(into.begin(), into.end(), [&](const T& known) { return same(known, one); })) into.push_back(one);
    }
  }

  mutable std::mutex mutex_;
  Topology all_;  // guarded by mutex_
};

}  // namespace waybill::rabbitmq
