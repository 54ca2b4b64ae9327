#include "testing/memory_log.h"

#include <algorithm>
#include <utility>

#include "testing/memory_log/batch.h"

namespace waybill {
namespace {

Row without_body(const StoredRow& stored) {
  Row row = stored;
  row.message.body = Body();
  return row;
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

Result<std::vector<Row>> MemoryLog::list(const ListFilter& filter) {
  const std::lock_guard lock(mutex_);
  std::vector<Row> rows;
  const auto& all = rows_->by_arrival();
  for (auto entry = all.rbegin(); entry != all.rend() && std::ssize(rows) < filter.limit; ++entry) {
    const StoredRow& row = *entry->second;
    if (!filter.status || row.status == *filter.status) rows.push_back(without_body(row));
  }
  return rows;
}

Result<LogStats> MemoryLog::stats() {
  const std::lock_guard lock(mutex_);
  LogStats stats{.rows_by_state = std::vector<std::int64_t>(kStateCount), .store_now = clock_.now()};
  for (const auto& [_, row] : rows_->by_arrival()) {
    ++stats.rows_by_state[static_cast<std::size_t>(row->status)];
    stats.lapses += row->lapse_count;
    stats.unknowns += row->unknown_count;
    if (!kOpenStates.has(row->status)) continue;
    stats.oldest_open = std::min(stats.oldest_open.value_or(row->create_time), row->create_time);
  }
  return stats;
}

}  // namespace waybill
