#include "log/adoption.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <set>
#include <string_view>
#include <thread>

#include "core/wire_limits.h"

namespace waybill {
namespace {

using Kind = ClassicColumn::Kind;

constexpr int kBatchRows = 1'000;
constexpr std::int64_t kBatchBytes = 16LL << 20;
// A step that met another session's lock, or a lost connection, is tried again before the operator is told.
constexpr int kTries = 20;
constexpr Duration kTryAgain{500};

Error permanent(std::string message) { return make_error(ErrorClass::kPermanent, std::move(message)); }

struct Expected {
  std::string_view name;
  std::vector<Kind> kinds;
  std::string_view is;
};

const std::array<Expected, 9>& classic_columns() {
  static const std::array<Expected, 9> kColumns = {{
      {"msg_id", {Kind::kText, Kind::kInteger}, "text or an integer"},
      {"msg", {Kind::kText}, "text or JSON"},
      {"exchange", {Kind::kText}, "text"},
      {"routing_key", {Kind::kText}, "text"},
      {"status", {Kind::kInteger}, "an integer"},
      {"try_count", {Kind::kInteger}, "an integer"},
      {"next_try_time", {Kind::kTime, Kind::kInstant}, "a date and time"},
      {"create_time", {Kind::kTime, Kind::kInstant}, "a date and time"},
      {"update_time", {Kind::kTime, Kind::kInstant}, "a date and time"},
  }};
  return kColumns;
}

Status check_columns(const std::vector<ClassicColumn>& columns, const std::string& table) {
  const auto differs = [&](const std::string& how) {
    return permanent("the table " + table + " is not a classic one, which has nine columns: " + how);
  };
  for (const Expected& expected : classic_columns()) {
    const auto found = std::ranges::find(columns, expected.name, &ClassicColumn::name);
    if (found == columns.end()) return differs("it has no column " + std::string(expected.name));
    if (std::ranges::find(expected.kinds, found->kind) == expected.kinds.end()) {
      return differs("its column " + found->name + " is " + found->type + ", not " + std::string(expected.is));
    }
  }
  for (const ClassicColumn& column : columns) {
    if (std::ranges::find(classic_columns(), column.name, &Expected::name) == classic_columns().end()) {
      return differs("it also has a column " + column.name);
    }
  }
  return ok_status();
}

std::string terms_text(const std::string& zone, const std::optional<Duration>& sent_is_done) {
  std::string text = "--time-zone " + zone;
  if (sent_is_done) text += " --sent-is-done " + std::to_string(sent_is_done->count()) + "ms";
  return text;
}

Status check_terms(const ClassicLook& look, const AdoptTerms& terms) {
  if (!look.exchanged() || !look.begun) return ok_status();
  if (look.begun->zone == terms.zone.name() && look.begun->sent_is_done == terms.sent_is_done) return ok_status();
  return permanent("the adoption was begun with " + terms_text(look.begun->zone, look.begun->sent_is_done) +
                   "; go on with that");
}

Status check_look(const ClassicLook& look, const AdoptTerms& terms) {
  if (look.log.empty()) return permanent("the database has no table msg_log; name the database that has one");
  if (look.log_is_ours && look.classic.empty()) {
    return permanent("the table msg_log has this program's schema already, and nothing is left to adopt");
  }
  if (!look.log_is_ours && !look.classic.empty()) {
    return permanent("the database has a table msg_log_classic beside msg_log; rename it, for that name is needed");
  }
  const std::string name = look.log_is_ours ? kClassicTable : "msg_log";
  if (Status nine = check_columns(look.log_is_ours ? look.classic : look.log, name); !nine.ok()) return nine;
  if (!look.trouble.empty()) return permanent("the table " + name + " " + look.trouble);
  if (!look.in_the_way.empty()) return permanent(name_is_needed(look.in_the_way));
  return check_terms(look, terms);
}

// Why a row stays where it is; empty: it moves.
std::string why_left(const ClassicRow& row) {
  if (Status id = validate_message_id(row.id); !id.ok()) return id.error().message;
  if (!row.status || *row.status < 0 || *row.status > 3) return "its status is none of 0, 1, 2 and 3";
  if (!row.has_route) return "its exchange or routing key is null";
  if (Status route = validate_route(row.route); !route.ok()) return route.error().message;
  if (row.is_taken) return "the new table has another message of this id";
  return {};
}

// Once more, as long as what failed may succeed.
template <class Step>
auto patiently(const Step& step) -> decltype(step()) {
  for (int tries = 1;; ++tries) {
    auto done = step();
    if (done.ok() || done.error().what != ErrorClass::kRetry || tries == kTries) return done;
    std::this_thread::sleep_for(kTryAgain);
  }
}

class Adoption {
 public:
  Adoption(ClassicTable& table, const std::function<bool(std::int64_t)>& told) : table_(table), told_(told) {}

  Status prepare(const AdoptTerms& terms);
  Status move_all();
  Status end();
  [[nodiscard]] AdoptionReport report() && { return std::move(report_); }

 private:
  Status lock();
  Status exchange(const AdoptTerms& terms);
  Status resume(bool was_begun);
  Status move_page(const std::vector<ClassicRow>& page);
  Status settle(const std::vector<ClassicRow>& page);
  void leave(const ClassicRow& row, std::string reason);

  ClassicTable& table_;
  const std::function<bool(std::int64_t)>& told_;
  std::optional<WallTime> done_before_;
  std::optional<std::string> after_;
  std::vector<std::string> in_doubt_;  // moved, or not: the answer was lost
  std::int64_t seen_ = 0;
  bool stopped_ = false;
  AdoptionReport report_;
};

// One that was killed holds the lock until the server has ended its statement.
Status Adoption::lock() {
  for (int tries = 1;; ++tries) {
    const auto locked = table_.lock();
    if (!locked.ok()) return locked.error();
    if (*locked) return ok_status();
    if (tries == kTries) {
      return make_error(ErrorClass::kConflict, "another process is adopting this table; let it end");
    }
    std::this_thread::sleep_for(kTryAgain);
  }
}

// The answer to a try may be lost though its work is done; done twice, it would take the new table for the classic one.
Status Adoption::exchange(const AdoptTerms& terms) {
  Status exchanged = patiently([&]() -> Status {
    const auto look = table_.look();
    if (!look.ok()) return look.error();
    if (Status fits = check_look(*look, terms); !fits.ok()) return fits;
    return look->exchanged() ? ok_status() : table_.exchange();
  });
  if (exchanged.ok() || exchanged.error().what != ErrorClass::kRetry) return exchanged;
  Error error = exchanged.error();
  error.message = "the table msg_log could not be renamed, and nothing has moved (" + error.message +
                  "); end the transactions that use it for long, as of a backup, and run it again";
  return error;
}

// An instance signs before it looks whether rows are being adopted; so we say that they are before we look who serves.
Status Adoption::resume(bool was_begun) {
  if (Status begun = table_.begin(); !begun.ok()) return begun;
  const auto who = table_.serving();
  if (!who.ok()) return who.error();
  if (who->empty()) return ok_status();
  if (!was_begun) {
    if (Status forgotten = table_.forget(); !forgotten.ok()) return forgotten;
  }
  return make_error(ErrorClass::kConflict,
                    "the log is served by " + *who + "; stop it first (one that was killed counts for 15 seconds)");
}

Status Adoption::prepare(const AdoptTerms& terms) {
  if (Status locked = lock(); !locked.ok()) return locked;
  auto look = table_.look();
  if (!look.ok()) return look.error();
  if (Status fits = check_look(*look, terms); !fits.ok()) return fits;
  Status ready = look->log_is_ours ? resume(look->begun.has_value()) : exchange(terms);
  if (!ready.ok()) return ready;
  look = table_.look();
  if (!look.ok()) return look.error();
  if (Status fits = check_look(*look, terms); !fits.ok()) return fits;
  const WallTime begun = look->begun ? look->begun->at : look->store_now;
  if (terms.sent_is_done) done_before_ = begun - *terms.sent_is_done;
  return ok_status();
}

void Adoption::leave(const ClassicRow& row, std::string reason) {
  ++report_.left;
  if (report_.left_because.size() < AdoptionReport::kTold) report_.left_because.emplace_back(row.id, std::move(reason));
}

// Batches of what fits, bounded in bytes.
Status Adoption::move_page(const std::vector<ClassicRow>& page) {
  std::vector<std::string> keys;
  std::set<std::string_view> ids;  // two that differ for the classic table may be one for ours
  std::int64_t bytes = 0;
  const auto flush = [&]() -> Status {
    if (keys.empty()) return ok_status();
    const auto moved = table_.move(keys, done_before_);
    if (!moved.ok()) {
      in_doubt_ = std::move(keys);
      return moved.error();
    }
    report_.moved.consumed += moved->consumed;
    report_.moved.held += moved->held;
    if (moved->consumed + moved->held != std::ssize(keys)) {
      return make_error(ErrorClass::kRetry, "rows were changed by another session while they moved; run it again");
    }
    keys.clear();
    bytes = 0;
    return ok_status();
  };
  for (const ClassicRow& row : page) {
    std::string reason = why_left(row);
    if (reason.empty() && !ids.insert(row.id).second) reason = "the new table has another message of this id";
    if (!reason.empty()) {
      leave(row, std::move(reason));
      continue;
    }
    if (bytes + row.bytes > kBatchBytes) {
      if (Status done = flush(); !done.ok()) return done;
    }
    keys.push_back(row.key);
    bytes += row.bytes;
  }
  return flush();
}

// What is not in the page any more that it was taken from has moved.
Status Adoption::settle(const std::vector<ClassicRow>& page) {
  std::set<std::string_view> there;
  for (const ClassicRow& row : page) there.insert(row.key);
  std::erase_if(in_doubt_, [&](const std::string& key) { return there.contains(key); });
  if (in_doubt_.empty()) return ok_status();
  const auto moved = table_.moved(in_doubt_);
  if (!moved.ok()) return moved.error();
  in_doubt_.clear();
  report_.moved.consumed += moved->consumed;
  report_.moved.held += moved->held;
  return ok_status();
}

Status Adoption::move_all() {
  while (!stopped_) {
    std::vector<ClassicRow> page;
    // A producer may have inserted one of these ids since they were read: then they are read again.
    Status moved = patiently([&]() -> Status {
      auto next = table_.next(after_, kBatchRows);
      if (!next.ok()) return next.error();
      page = *std::move(next);
      if (Status settled = settle(page); !settled.ok()) return settled;
      const AdoptionReport before = report_;
      Status done = move_page(page);
      if (!done.ok()) {
        const ClassicMoved kept = report_.moved;  // batches that were committed before
        report_ = before;
        report_.moved = kept;
      }
      return done;
    });
    if (!moved.ok()) return moved;
    if (page.empty()) return ok_status();
    after_ = page.back().key;
    seen_ += std::ssize(page);
    stopped_ = !told_(seen_);
  }
  return make_error(ErrorClass::kRetry, "stopped before its end; run it again, and it goes on with the rest");
}

Status Adoption::end() {
  const auto removed = patiently([&] { return table_.end(); });
  if (removed.ok()) return ok_status();
  Error error = removed.error();
  error.message = "the rows have moved, but " + std::string(kClassicTable) +
                  " could not be looked at or removed: " + error.message + "; run it again";
  return error;
}

}  // namespace

std::string seconds_ahead(const std::string& column, const TimeZone& zone) {
  const auto& spans = zone.spans();
  if (spans.size() == 1) return std::to_string(spans.front().ahead.count());
  std::string text = "CASE";
  for (std::size_t at = 1; at < spans.size(); ++at) {
    std::string from = to_rfc3339(spans[at].from);
    from[from.find('T')] = ' ';
    from.pop_back();
    text.append(" WHEN ").append(column).append(" < '").append(from).append("' THEN ");
    text += std::to_string(spans[at - 1].ahead.count());
  }
  return text + " ELSE " + std::to_string(spans.back().ahead.count()) + " END";
}

std::string name_is_needed(const std::string& table) {
  return "the database has a table " + table +
         " of another program, and the log needs one of that name; rename it, or " +
         "give the log a database of its own";
}

std::string adopted_as_held(std::int64_t status) {
  constexpr std::array<std::string_view, 3> kNames = {"sending", "sent", "send_failed"};
  return "adopted from a classic table, where it was " + std::string(kNames.at(static_cast<std::size_t>(status))) +
         " (" + std::to_string(status) + ")";
}

Result<AdoptionPlan> plan_adoption(ClassicTable& table, const AdoptTerms& terms) {
  const auto look = table.look();
  if (!look.ok()) return look.error();
  if (Status fits = check_look(*look, terms); !fits.ok()) return fits.error();
  AdoptionPlan plan;
  plan.renamed = look->exchanged();
  plan.begun = plan.renamed && look->begun;
  plan.done_before = (plan.begun ? look->begun->at : look->store_now) - terms.sent_is_done.value_or(Duration{0});
  auto counts = table.count(plan.renamed, plan.done_before);
  if (!counts.ok()) return counts.error();
  plan.counts = *std::move(counts);
  return plan;
}

Result<AdoptionReport> adopt(ClassicTable& table, const AdoptTerms& terms,
                             const std::function<bool(std::int64_t)>& told) {
  Adoption adoption(table, told);
  if (Status ready = adoption.prepare(terms); !ready.ok()) return ready.error();
  if (Status moved = adoption.move_all(); !moved.ok()) return moved.error();
  if (Status ended = adoption.end(); !ended.ok()) return ended.error();
  return std::move(adoption).report();
}

}  // namespace waybill
