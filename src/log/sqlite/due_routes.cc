#include "log/sqlite/due_routes.h"

namespace waybill::sqlite {
namespace {

// A row value, (exchange, routing_key) > (?1, ?2), would read every entry of the route: SQLite seeks to its first and
// compares from there.
constexpr char kFirstRoute[] =
    "SELECT exchange, routing_key, next_try_time FROM msg_log INDEXED BY msg_log_due "
    "WHERE owner IS NULL AND next_try_time IS NOT NULL AND status <> 3 "
    "ORDER BY exchange, routing_key, next_try_time LIMIT 1";
constexpr char kNextKey[] =
    "SELECT exchange, routing_key, next_try_time FROM msg_log INDEXED BY msg_log_due "
    "WHERE owner IS NULL AND next_try_time IS NOT NULL AND status <> 3 AND exchange = ?1 AND routing_key > ?2 "
    "ORDER BY routing_key, next_try_time LIMIT 1";
constexpr char kNextExchange[] =
    "SELECT exchange, routing_key, next_try_time FROM msg_log INDEXED BY msg_log_due "
    "WHERE owner IS NULL AND next_try_time IS NOT NULL AND status <> 3 AND exchange > ?1 "
    "ORDER BY exchange, routing_key, next_try_time LIMIT 1";

std::optional<DueRoutes::Entry> read(Query query) {
  if (!query.next()) return std::nullopt;
  return DueRoutes::Entry{{query.string(0), query.string(1)}, query.time(2)};
}

}  // namespace

std::optional<DueRoutes::Entry> DueRoutes::next() {
  const Route* from = at_ ? &*at_ : after_ ? &*after_ : nullptr;
  auto entry = from != nullptr ? beyond(*from) : first();
  if (!entry && after_ && !wrapped_) {
    wrapped_ = true;
    entry = first();
  }
  if (entry && wrapped_ && entry->route > *after_) return std::nullopt;
  if (entry) at_ = entry->route;
  return entry;
}

std::optional<DueRoutes::Entry> DueRoutes::first() { return read(tx_.db.query(kFirstRoute)); }

std::optional<DueRoutes::Entry> DueRoutes::beyond(const Route& route) {
  if (auto entry = read(tx_.db.borrowing_query(kNextKey, route.exchange, route.routing_key))) return entry;
  return read(tx_.db.borrowing_query(kNextExchange, route.exchange));
}

}  // namespace waybill::sqlite
