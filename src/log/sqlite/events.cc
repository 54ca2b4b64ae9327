#include "log/sqlite/events.h"

namespace waybill::sqlite {
namespace {

constexpr std::int64_t kEventsMax = 50;

}  // namespace

std::string_view bounded(std::string_view text) {
  constexpr std::size_t kMax = 2'000;
  return cut_to(text, kMax);
}

void add_event(Transaction& tx, const MessageId& id, const Event& event) {
  const auto detail = bounded(event.detail);
  std::int64_t last = 0;
  {
    auto query = tx.db.query(
        "SELECT number, kind = ?2 AND attempt = ?3 AND detail = ?4 FROM msg_event WHERE msg_id = ?1 "
        "ORDER BY number DESC LIMIT 1",
        id, event.kind, event.attempt, detail);
    if (query.next()) {
      last = query.integer(0);
      if (query.integer(1) != 0) {
        tx.db.run("UPDATE msg_event SET count = count + 1, at = ?3 WHERE msg_id = ?1 AND number = ?2", id, last,
                  tx.now);
        return;
      }
    }
  }
  tx.db.run("INSERT INTO msg_event (msg_id, number, at, kind, attempt, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6)", id,
            last + 1, tx.now, event.kind, event.attempt, detail);
  if (last >= kEventsMax) {
    tx.db.run("DELETE FROM msg_event WHERE msg_id = ?1 AND number <= ?2", id, last + 1 - kEventsMax);
  }
}

bool has_event(Transaction& tx, const MessageId& id, std::string_view kind, std::int32_t attempt) {
  return tx.db.query("SELECT 1 FROM msg_event WHERE msg_id = ?1 AND kind = ?2 AND attempt = ?3", id, kind, attempt)
      .next();
}

bool has_event(Transaction& tx, const MessageId& id, std::string_view kind) {
  return tx.db.query("SELECT 1 FROM msg_event WHERE msg_id = ?1 AND kind = ?2", id, kind).next();
}

std::string last_event_kind(Transaction& tx, const MessageId& id) {
  auto query = tx.db.query("SELECT kind FROM msg_event WHERE msg_id = ?1 ORDER BY number DESC LIMIT 1", id);
  return query.next() ? query.string(0) : std::string();
}

}  // namespace waybill::sqlite
