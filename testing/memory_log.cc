#include "testing/memory_log.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "log/list_cursor.h"
#include "testing/memory_log/batch.h"

namespace waybill {
namespace {

constexpr int kListLimitMax = 1'000;

Row without_body(const StoredRow& stored) {
  Row row = stored;
  row.message.body = Body();
  return row;
}

bool is_wanted(const StoredRow& row, const MessageFilter& where, const MemoryLogMutations& drop) {
  if (where.status && row.status != *where.status && !drop.list_ignores_status) return false;
  if (where.queue && row.queue != where.queue && !drop.list_ignores_queue) return false;
  if (where.until && row.create_time >= *where.until && !drop.list_ignores_until) return false;
  return !where.since || row.create_time >= *where.since || drop.list_ignores_since;
}

}  // namespace

MemoryLog::MemoryLog(const WallClock& clock, std::string identity, Mutations drop)
    : clock_(clock), identity_(std::move(identity)), drop_(drop), rows_(std::make_unique<Rows>(drop.ids_ignore_case)) {}

MemoryLog::~MemoryLog() = default;

Status MemoryLog::insert_foreign(const Row& row) {
  const std::lock_guard lock(mutex_);
  if (row.status > State::kConsumed) {
    return make_error(ErrorClass::kPermanent, "a row of another program begins in state 0, 1, 2 or 3");
  }
  if (rows_->find(row.message.id) != nullptr) return make_error(ErrorClass::kConflict, "the message id exists");
  StoredRow stored;
  static_cast<Row&>(stored) = row;
  stored.body_bytes = row.message.body.size();
  if (is_final(row.status)) stored.next_try_time.reset();
  rows_->insert(std::move(stored));
  return ok_status();
}

Result<Committed> MemoryLog::commit(std::span<const Write> writes) {
  const std::lock_guard lock(mutex_);
  Batch batch(*rows_, clock_.now(), drop_, observer_);
  Committed committed{.store_now = batch.now};
  committed.answers.reserve(writes.size());
  for (const Write& write : writes) {
    committed.answers.push_back(std::visit([&](const auto& verb) { return apply(verb, batch); }, write));
    if (!committed.answers.back().ok() && drop_.one_bad_write_fails_batch) return committed.answers.back().error();
  }
  return committed;
}

Result<std::optional<Row>> MemoryLog::find(const MessageId& id, bool with_body) {
  const std::lock_guard lock(mutex_);
  const StoredRow* stored = rows_->find(id);
  if (stored == nullptr) return std::optional<Row>();
  return std::optional<Row>(with_body ? Row(*stored) : without_body(*stored));
}

Result<std::vector<MessageEvent>> MemoryLog::events(const MessageId& id) {
  const std::lock_guard lock(mutex_);
  const auto found = rows_->events.find(id);
  return found == rows_->events.end() ? std::vector<MessageEvent>() : found->second;
}

Result<std::vector<RecordedRecipient>> MemoryLog::recipients(const MessageId& id) {
  const std::lock_guard lock(mutex_);
  std::vector<RecordedRecipient> recipients;
  if (const auto found = rows_->recipients.find(id); found != rows_->recipients.end()) {
    for (const auto& [_, recorded] : found->second) recipients.push_back(recorded);
  }
  return recipients;
}

Result<ListPage> MemoryLog::list(const ListFilter& filter) {
  const std::lock_guard lock(mutex_);
  auto before = static_cast<std::uint64_t>(INT64_MAX);
  if (!filter.cursor.empty()) {
    const auto position = read_cursor(identity_, filter.cursor);
    if (!position.ok() && !drop_.list_takes_any_cursor) return position.error();
    if (position.ok()) before = static_cast<std::uint64_t>(*position) + (drop_.list_repeats_last_row ? 1 : 0);
  }
  ListPage page;
  const auto& all = rows_->by_arrival();
  for (auto end = all.lower_bound(before); end != all.begin();) {
    const StoredRow& row = *(--end)->second;
    if (!is_wanted(row, filter.where, drop_)) continue;
    if (std::ssize(page.rows) == std::clamp(filter.limit, 1, kListLimitMax)) {
      page.next_cursor = write_cursor(identity_, static_cast<std::int64_t>(std::next(end)->first));
      break;
    }
    page.rows.push_back(without_body(row));
  }
  return page;
}

Result<std::int64_t> MemoryLog::count(const MessageFilter& where, std::int64_t most) {
  const std::lock_guard lock(mutex_);
  std::int64_t count = 0;
  for (const auto& [_, row] : rows_->by_arrival()) count += is_wanted(*row, where, drop_) ? 1 : 0;
  return drop_.count_ignores_most ? count : std::min(count, most);
}

Result<LogStats> MemoryLog::stats() {
  const std::lock_guard lock(mutex_);
  LogStats stats{.rows_by_state = std::vector<std::int64_t>(kStateCount),
                 .oldest_by_state = std::vector<std::optional<WallTime>>(kStateCount),
                 .store_now = clock_.now()};
  for (const auto& [_, row] : rows_->by_arrival()) {
    const auto state = static_cast<std::size_t>(row->status);
    ++stats.rows_by_state[state];
    stats.lapses += row->lapse_count;
    stats.unknowns += row->unknown_count;
    if (row->finished() && !drop_.stats_call_finished_rows_oldest) continue;
    auto& oldest = stats.oldest_by_state[state];
    if (!oldest) oldest = row->create_time;
    const bool open = kOpenStates.has(row->status) || drop_.stats_call_dead_rows_open;
    if (open && (!stats.oldest_open || drop_.stats_call_the_newest_oldest_open)) stats.oldest_open = row->create_time;
  }
  return stats;
}

}  // namespace waybill
