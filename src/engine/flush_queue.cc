#include "engine/flush_queue.h"

#include <algorithm>
#include <iterator>
#include <type_traits>
#include <utility>

#include "core/retry_policy.h"

namespace waybill {

std::size_t body_bytes(const Write& write) {
  return std::visit(
      [](const auto& w) -> std::size_t {
        if constexpr (requires { w.message.body; }) {
          return w.message.body.size();
        } else {
          return 0;
        }
      },
      write);
}

FlushQueue::Class FlushQueue::class_of(const Write& write) {
  return std::visit(
      [](const auto& w) {
        using T = std::decay_t<decltype(w)>;
        if constexpr (std::is_same_v<T, MarkSent> || std::is_same_v<T, MarkFailed>) {
          return kLazy;
        } else if constexpr (std::is_same_v<T, Claim> || std::is_same_v<T, Renew> || std::is_same_v<T, BeginEffect> ||
                             std::is_same_v<T, Release> || std::is_same_v<T, Finish>) {
          return kUrgent;
        } else {
          return kBulk;
        }
      },
      write);
}

void FlushQueue::account(Class cls, const Item& item, bool added) {
  if (cls != kBulk) return;
  bulk_bytes_ = added ? bulk_bytes_ + item.bytes : bulk_bytes_ - item.bytes;
}

bool FlushQueue::push(Item& item) {
  const Class cls = class_of(item.write);
  item.bytes = body_bytes(item.write);
  const std::size_t rows_max = cls == kBulk ? limits_.bulk_rows_max : limits_.urgent_rows_max;
  if (waiting_[cls].size() >= rows_max) return false;
  if (cls == kBulk && bulk_bytes_ > 0 && bulk_bytes_ + item.bytes > limits_.bulk_bytes_max) return false;
  account(cls, item, /*added=*/true);
  waiting_[cls].push_back(std::move(item));
  return true;
}

std::optional<MonoTime> FlushQueue::ready_at() const {
  std::optional<MonoTime> at;
  const auto sooner = [&](MonoTime when) { at = at ? std::min(*at, when) : when; };
  if (!waiting_[kUrgent].empty()) sooner(waiting_[kUrgent].front().arrived);
  if (!waiting_[kBulk].empty()) sooner(waiting_[kBulk].front().arrived);
  if (!waiting_[kLazy].empty()) sooner(waiting_[kLazy].front().arrived + limits_.lazy_max);
  if (at && not_before_) at = std::max(*at, *not_before_);
  return at;
}

FlushQueue::Batch FlushQueue::next_batch(MonoTime now) {
  Batch batch;
  const auto ready = ready_at();
  if (!ready || *ready > now) return batch;
  std::size_t bytes = 0;
  for (const Class cls : {kUrgent, kLazy, kBulk}) {
    auto& queue = waiting_[cls];
    while (!queue.empty() && batch.size() < batch_rows_) {
      if (!batch.empty() && bytes + queue.front().bytes > limits_.bytes_max) break;
      bytes += queue.front().bytes;
      account(cls, queue.front(), /*added=*/false);
      batch.push_back(std::move(queue.front()));
      queue.pop_front();
    }
  }
  return batch;
}

void FlushQueue::on_flushed() {
  failures_ = 0;
  not_before_.reset();
  batch_rows_ = std::min(limits_.rows_max, batch_rows_ * 2);
}

void FlushQueue::on_failed(Batch batch, ErrorClass what, MonoTime now) {
  ++failures_;
  not_before_ = now + exponential_delay(limits_.backoff_first, limits_.backoff_longest, failures_, /*chance=*/0);
  if (failures_ >= 2) batch_rows_ = std::max<std::size_t>(1, std::min(batch_rows_, batch.size()) / 2);
  for (auto item = batch.rbegin(); item != batch.rend(); ++item) {
    item->in_doubt = item->in_doubt || what == ErrorClass::kInDoubt;
    const Class cls = class_of(item->write);
    account(cls, *item, /*added=*/true);
    waiting_[cls].push_front(std::move(*item));
  }
}

FlushQueue::Batch FlushQueue::expired(MonoTime now) {
  Batch late;
  for (const Class cls : {kUrgent, kBulk, kLazy}) {
    auto& queue = waiting_[cls];
    const auto alive =
        std::stable_partition(queue.begin(), queue.end(), [&](const Item& i) { return i.deadline > now; });
    for (auto item = alive; item != queue.end(); ++item) account(cls, *item, /*added=*/false);
    std::move(alive, queue.end(), std::back_inserter(late));
    queue.erase(alive, queue.end());
  }
  return late;
}

std::optional<MonoTime> FlushQueue::next_deadline() const {
  std::optional<MonoTime> at;
  for (const auto& queue : waiting_) {
    for (const Item& item : queue) at = at ? std::min(*at, item.deadline) : item.deadline;
  }
  return at;
}

FlushQueue::Batch FlushQueue::drain() {
  Batch all;
  for (auto& queue : waiting_) {
    std::move(queue.begin(), queue.end(), std::back_inserter(all));
    queue.clear();
  }
  bulk_bytes_ = 0;
  return all;
}

bool FlushQueue::empty() const {
  return std::ranges::all_of(waiting_, [](const auto& queue) { return queue.empty(); });
}

}  // namespace waybill
