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
        } else if constexpr (requires { w.want_body; }) {
          return w.want_body ? w.body_bytes : 0;
        } else if constexpr (requires { w.recipients; }) {
          std::size_t bytes = 0;
          for (const auto& [address, outcome, relay] : w.recipients) {
            bytes += address.size() + outcome.text.size() + relay.size();
          }
          return bytes;
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
        } else if constexpr (std::is_same_v<T, Claim>) {
          return w.want_body ? kBodies : kUrgent;
        } else if constexpr (std::is_same_v<T, Renew> || std::is_same_v<T, BeginEffect> || std::is_same_v<T, Release> ||
                             std::is_same_v<T, Finish>) {
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

bool FlushQueue::has_room(Class cls, std::size_t rows, std::size_t bytes) const {
  const std::size_t rows_max = cls == kBulk ? limits_.bulk_rows_max : limits_.urgent_rows_max;
  if (waiting_[cls].size() + rows > rows_max) return false;
  return cls != kBulk || bulk_bytes_ == 0 || bulk_bytes_ + bytes <= limits_.bulk_bytes_max;
}

void FlushQueue::append(Class cls, Item&& item) {
  account(cls, item, /*added=*/true);
  waiting_[cls].push_back(std::move(item));
}

bool FlushQueue::push(Item& item) {
  const Class cls = class_of(item.write);
  item.bytes = body_bytes(item.write);
  if (!has_room(cls, 1, item.bytes)) return false;
  append(cls, std::move(item));
  return true;
}

bool FlushQueue::push_all(Batch& items) {
  std::array<std::size_t, kClasses> rows{};
  std::array<std::size_t, kClasses> bytes{};
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Class cls = class_of(items[i].write);
    items[i].bytes = body_bytes(items[i].write);
    items[i].group_rows = i == 0 ? items.size() : 0;
    ++rows[cls];
    bytes[cls] += items[i].bytes;
  }
  for (const Class cls : {kUrgent, kBodies, kBulk, kLazy}) {
    if (!has_room(cls, rows[cls], bytes[cls])) return false;
  }
  for (Item& item : items) {
    const Class cls = class_of(item.write);  // before the item is moved from
    append(cls, std::move(item));
  }
  return true;
}

std::optional<MonoTime> FlushQueue::company_ready_at() const {
  std::optional<MonoTime> at;
  const auto sooner = [&](MonoTime when) { at = at ? std::min(*at, when) : when; };
  for (const Class cls : {kUrgent, kBodies, kBulk}) {
    if (!waiting_[cls].empty()) sooner(waiting_[cls].front().arrived);
  }
  if (!waiting_[kLazy].empty()) sooner(waiting_[kLazy].front().arrived + limits_.lazy_max);
  if (at && not_before_) at = std::max(*at, *not_before_);
  return at;
}

std::optional<MonoTime> FlushQueue::ready_at() const {
  const auto company = company_ready_at();
  if (alone_.empty()) return company;
  return company ? std::min(*company, alone_not_before_) : alone_not_before_;
}

bool FlushQueue::rides(Class cls, const Item& item, const Load& load) const {
  if (load.rows == 0) return true;
  if (load.rows >= batch_rows_) return false;
  const bool larger = item.bytes > limits_.bytes_max;
  if (larger ? load.has_larger : load.bytes + item.bytes > limits_.bytes_max) return false;
  if (cls != kBulk || load.bulk_rows == 0) return true;
  const std::size_t bulk_max = std::min(limits_.bulk_rows_flush, batch_rows_);
  if (load.bulk_rows >= bulk_max) return false;
  // A group that fits into a flush by itself does not begin in one that has no room for all of it.
  return load.bulk_rows + item.group_rows <= bulk_max || item.group_rows > bulk_max;
}

void FlushQueue::Load::add(Class cls, const Item& item, std::size_t bytes_max) {
  rows += 1;
  bulk_rows += cls == kBulk ? 1 : 0;
  const bool larger = item.bytes > bytes_max;
  has_larger = has_larger || larger;
  bytes += larger ? 0 : item.bytes;
}

FlushQueue::Batch FlushQueue::next_alone(MonoTime now) {
  Batch batch;
  if (alone_.empty() || now < alone_not_before_) return batch;
  account(class_of(alone_.front().write), alone_.front(), /*added=*/false);
  batch.push_back(std::move(alone_.front()));
  alone_.pop_front();
  alone_not_before_ = now + limits_.alone_again;
  return batch;
}

FlushQueue::Batch FlushQueue::next_batch(MonoTime now) {
  if (auto alone = next_alone(now); !alone.empty()) return alone;
  Batch batch;
  const auto ready = company_ready_at();
  if (!ready || *ready > now) return batch;
  std::size_t waiting = 0;
  for (const auto& queue : waiting_) waiting += queue.size();
  batch.reserve(std::min(waiting, batch_rows_));
  Load load;
  for (const Class cls : {kUrgent, kLazy, kBodies, kBulk}) {
    auto& queue = waiting_[cls];
    while (!queue.empty() && rides(cls, queue.front(), load)) {
      load.add(cls, queue.front(), limits_.bytes_max);
      account(cls, queue.front(), /*added=*/false);
      batch.push_back(std::move(queue.front()));
      queue.pop_front();
    }
  }
  return batch;
}

void FlushQueue::on_flushed(Duration took) {
  failures_ = 0;
  not_before_.reset();
  const std::size_t next = took > limits_.time_max ? batch_rows_ / 2 : batch_rows_ * 2;
  batch_rows_ = std::clamp<std::size_t>(next, 1, limits_.rows_max);
}

void FlushQueue::on_failed(Batch batch, ErrorClass what, MonoTime now) {
  for (Item& item : batch) item.in_doubt = item.in_doubt || what == ErrorClass::kInDoubt;
  if (batch.size() == 1 && batch.front().alone) return keep_alone(std::move(batch.front()), now);
  ++failures_;
  not_before_ = now + exponential_delay(limits_.backoff_first, limits_.backoff_longest, failures_, /*chance=*/0);
  const bool has_neighbours = std::ranges::any_of(waiting_, [](const auto& queue) { return !queue.empty(); });
  if (batch.size() == 1 && failures_ >= 2 && has_neighbours) return keep_alone(std::move(batch.front()), now);
  if (failures_ >= 2) batch_rows_ = std::max<std::size_t>(1, std::min(batch_rows_, batch.size()) / 2);
  for (auto item = batch.rbegin(); item != batch.rend(); ++item) {
    const Class cls = class_of(item->write);
    account(cls, *item, /*added=*/true);
    waiting_[cls].push_front(std::move(*item));
  }
}

void FlushQueue::on_held(Batch items, MonoTime now) {
  not_before_ = now + limits_.held_again;
  for (Item& item : items) {
    item.held = true;
    item.group_rows = 1;
    append(class_of(item.write), std::move(item));
  }
}

// Whether it is to blame or the log is down, only its neighbours can tell: they go first from here on.
void FlushQueue::keep_alone(Item item, MonoTime now) {
  item.alone = true;
  account(class_of(item.write), item, /*added=*/true);
  alone_.push_back(std::move(item));
  alone_not_before_ = now + limits_.alone_again;
}

FlushQueue::Batch FlushQueue::expired(MonoTime now) {
  Batch late;
  for_each_queue([&](std::deque<Item>& queue) {
    const auto alive =
        std::stable_partition(queue.begin(), queue.end(), [&](const Item& i) { return i.deadline > now; });
    for (auto item = alive; item != queue.end(); ++item) account(class_of(item->write), *item, /*added=*/false);
    std::move(alive, queue.end(), std::back_inserter(late));
    queue.erase(alive, queue.end());
  });
  return late;
}

std::optional<MonoTime> FlushQueue::next_deadline() const {
  std::optional<MonoTime> at;
  const auto look_at = [&](const std::deque<Item>& queue) {
    for (const Item& item : queue) at = at ? std::min(*at, item.deadline) : item.deadline;
  };
  for (const auto& queue : waiting_) look_at(queue);
  look_at(alone_);
  return at;
}

FlushQueue::Batch FlushQueue::drain() {
  Batch all;
  for_each_queue([&](std::deque<Item>& queue) {
    std::move(queue.begin(), queue.end(), std::back_inserter(all));
    queue.clear();
  });
  bulk_bytes_ = 0;
  return all;
}

bool FlushQueue::empty() const {
  return alone_.empty() && std::ranges::all_of(waiting_, [](const auto& queue) { return queue.empty(); });
}

}  // namespace waybill
