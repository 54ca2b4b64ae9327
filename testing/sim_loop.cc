#include "testing/sim_loop.h"

#include <algorithm>

namespace waybill {

MonoTime SimNode::now() const { return world_.now(); }

void SimNode::post(Task task) { call_at(world_.now(), std::move(task)); }

void SimNode::call_at(MonoTime when, Task task) {
  if (alive_) world_.add(index_, when, std::move(task));
}

void SimNode::kill() {
  if (!alive_) return;
  alive_ = false;
  world_.drop_tasks_of(index_);
  const auto hooks = std::exchange(kill_hooks_, {});
  for (const Task& hook : hooks) hook();
}

WallTime SimWallClock::now() const {
  return SimWorld::kWallStart + std::chrono::floor<Duration>(world_.now() - SimWorld::kStart) + offset_;
}

SimWorld::~SimWorld() {
  // What a task captured may post while it is destroyed: nobody is there any more.
  for (SimNode& node : nodes_) node.alive_ = false;
}

SimNode& SimWorld::add_node(std::string name) {
  return nodes_.emplace_back(*this, static_cast<std::uint32_t>(nodes_.size()), std::move(name));
}

void SimWorld::add(std::uint32_t node, MonoTime when, Task task) {
  std::uint32_t slot = 0;
  if (free_slots_.empty()) {
    slot = static_cast<std::uint32_t>(tasks_.size());
    tasks_.push_back(std::move(task));
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
    tasks_[slot] = std::move(task);
  }
  const MonoTime due = std::max(when, now_);
  queue_.push_back(Entry{due, due, next_order_++, node, slot});
  std::push_heap(queue_.begin(), queue_.end(), Later{});
}

void SimWorld::drop_tasks_of(std::uint32_t node) {
  std::vector<Task> dropped;  // destroyed last: what they captured may come back here
  const auto kept = std::partition(queue_.begin(), queue_.end(), [&](const Entry& e) { return e.node != node; });
  for (auto entry = kept; entry != queue_.end(); ++entry) {
    dropped.push_back(std::exchange(tasks_[entry->slot], nullptr));
    free_slots_.push_back(entry->slot);
  }
  queue_.erase(kept, queue_.end());
  std::make_heap(queue_.begin(), queue_.end(), Later{});
}

std::optional<SimWorld::Entry> SimWorld::take_first() {
  std::pop_heap(queue_.begin(), queue_.end(), Later{});
  const Entry first = queue_.back();
  SimNode& node = nodes_[first.node];
  const MonoTime thaw = node.frozen_until_;
  if (thaw > first.when) {
    ++node.held_back_;
    queue_.back().when = thaw;
    std::push_heap(queue_.begin(), queue_.end(), Later{});
    return std::nullopt;
  }
  queue_.pop_back();
  return first;
}

bool SimWorld::run_one() { return run_one_before(MonoTime::max()); }

bool SimWorld::run_one_before(MonoTime limit) {
  while (!queue_.empty() && queue_.front().when <= limit) {
    const auto entry = take_first();
    if (!entry) continue;
    now_ = entry->when;
    ++tasks_run_;
    const Task task = std::exchange(tasks_[entry->slot], nullptr);
    free_slots_.push_back(entry->slot);
    task();
    return true;
  }
  return false;
}

void SimWorld::run_until(MonoTime when) {
  while (run_one_before(when)) {
  }
  now_ = std::max(now_, when);
}

std::optional<MonoTime> SimWorld::next_time() const {
  if (queue_.empty()) return std::nullopt;
  return queue_.front().when;
}

}  // namespace waybill
