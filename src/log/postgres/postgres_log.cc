#include "log/postgres/postgres_log.h"

#include <algorithm>
#include <iterator>
#include <random>
#include <set>
#include <utility>

#include "log/classic_table.h"
#include "log/crash_points.h"
#include "log/known_log.h"
#include "log/postgres/connection.h"
#include "log/postgres/hot_statements.h"
#include "log/postgres/postgres_store.h"
#include "log/postgres/schema.h"
#include "log/rows/isolation.h"

namespace waybill {
namespace {

using postgres::Array;
using postgres::Connection;
using postgres::Failure;
using postgres::Params;
using postgres::Rows;
using postgres::Statement;

constexpr int kAttemptsMax = 6;
// All that start at once count themselves in one row, each with a sync of its own.
constexpr Duration kBootPatience{10'000};
// Of the counts of finished rows: processes mostly have one of their own.
constexpr unsigned kParts = 64;

constexpr Statement kBegin{"begin", "BEGIN"};
constexpr Statement kCommit{"commit", "COMMIT"};
constexpr Statement kClock{"clock", "SELECT date_trunc('milliseconds', clock_timestamp() AT TIME ZONE 'utc')"};
constexpr Statement kSavepoint{"one_range", "SAVEPOINT one_range"};
constexpr Statement kRelease{"release_range", "RELEASE SAVEPOINT one_range"};
constexpr Statement kBack{"back_to_range", "ROLLBACK TO SAVEPOINT one_range"};
constexpr Statement kWaitLess{"wait_less", "SELECT set_config('lock_timeout', $1, true)"};
constexpr Statement kFree{"free",
                          "SELECT m.msg_id FROM unnest($1::text[]) AS w (id) JOIN msg_log m ON m.msg_id = w.id "
                          "FOR UPDATE OF m SKIP LOCKED"};
constexpr Statement kThere{"there",
                           "SELECT m.msg_id FROM unnest($1::text[]) AS w (id) JOIN msg_log m ON m.msg_id = w.id"};
constexpr Statement kIdentity{"identity", "SELECT identity, boot_number FROM log_identity"};
constexpr Statement kIsAdopting{"is_adopting", "SELECT to_regclass('msg_log_adoption') IS NOT NULL"};
constexpr Statement kBoot{
    "boot",
    "INSERT INTO log_identity (only_row, identity, boot_number, create_time) "
    "VALUES (1, $1, 1, clock_timestamp() AT TIME ZONE 'utc') "
    "ON CONFLICT (only_row) DO UPDATE SET boot_number = log_identity.boot_number + 1 RETURNING identity, boot_number"};

std::string draw_identity() {
  std::random_device device;
  std::string identity;
  constexpr char kDigits[] = "0123456789abcdef";
  for (int i = 0; i < 32; ++i) identity += kDigits[device() & 15U];
  return identity;
}

}  // namespace

class PostgresLog::Impl {
 public:
  explicit Impl(const PostgresOptions& options)
      : options_(options),
        part_(static_cast<int>(std::random_device()() % kParts)),
        held_(options.patience),
        isolation_(options.patience) {}

  Status open();
  Status count_boot();
  Result<Committed> commit(std::span<const Write> writes);
  Result<WallTime> now();

  [[nodiscard]] const std::string& identity() const { return log_.identity(); }
  [[nodiscard]] std::int64_t boot_number() const { return log_.boot_number(); }
  [[nodiscard]] const std::string& warning() const { return warning_; }

 private:
  using Pointers = std::span<const Write* const>;

  Status connect();
  Status register_boot();
  std::optional<Failure> try_commit(Pointers writes, bool isolate, Committed& committed);
  std::optional<Failure> run(Pointers writes, const rows::Moment& moment, std::vector<Result<Answer>>& answers);
  std::optional<Failure> run_isolated(Pointers writes, const rows::Moment& moment,
                                      std::vector<Result<Answer>>& answers);
  std::optional<Failure> run_in_savepoint(Pointers writes, const rows::Moment& moment,
                                          std::vector<Result<Answer>>& answers);
  std::optional<Failure> find_held(Pointers writes, bool& found_any);
  std::optional<Failure> end_transaction();
  [[nodiscard]] WallTime read_clock(const Rows& clock) const {
    return options_.clock != nullptr ? options_.clock->now() : clock.time(0, 0);
  }

  const PostgresOptions options_;
  const int part_;
  std::unique_ptr<Connection> db_;  // null: to be made by the next call
  postgres::SweepPosition sweep_;
  rows::HeldRows held_;
  rows::Isolation isolation_;
  postgres::FinishedChanges finished_;  // of the transaction that runs
  KnownLog log_;
  std::string warning_;
  bool counted_ = false;
};

Status PostgresLog::Impl::open() {
  {
    PostgresOptions patient = options_;  // another process may be migrating it
    patient.answer_timeout = std::max<Duration>(options_.answer_timeout, std::chrono::seconds(60));
    auto connection = Connection::open(patient);
    if (!connection.ok()) return connection.error();
    auto durable = postgres::check_durability(**connection);
    if (!durable.ok()) return durable.error();
    warning_ = *std::move(durable);
    if (Status done = postgres::migrate(**connection, postgres::Migrate::kIfEmpty); !done.ok()) return done;
  }
  if (Status done = connect(); !done.ok()) return done;
  return register_boot();
}

Status PostgresLog::Impl::connect() {
  auto opened = Connection::open(options_);
  if (!opened.ok()) {
    // What was right once may be right again: rights and names change while a server is moved.
    Error error = opened.error();
    if (!log_.identity().empty()) error.what = ErrorClass::kRetry;
    return error;
  }
  auto db = std::move(opened).value();
  const Rows known = db->ask(kIdentity);
  if (auto failure = db->take_failure()) return failure->error;
  const bool exists = known.size() > 0;
  Status same = log_.meet(exists ? known.string(0, 0) : "", exists ? known.integer(0, 1) : 0);
  if (!same.ok()) return same;
  db_ = std::move(db);
  return ok_status();
}

// Each counted opening is a boot; the first one draws the identity.
Status PostgresLog::Impl::register_boot() {
  const bool exists = !log_.identity().empty();
  if (exists && options_.admit) {
    if (Status admitted = options_.admit(log_.identity(), log_.boot_number() + 1); !admitted.ok()) return admitted;
  }
  if (exists && !options_.counted) return ok_status();
  return count_boot();
}

// An adoption that has begun since the log was opened has seen our name, or is seen here.
Status PostgresLog::Impl::count_boot() {
  const Rows adopting = db_->ask(kIsAdopting);
  if (auto failure = db_->take_failure()) return failure->error;
  if (adopting.boolean(0, 0)) return make_error(ErrorClass::kPermanent, kAdoptionGoesOn);
  if (counted_) return ok_status();
  for (const MonoTime give_up = std::chrono::steady_clock::now() + kBootPatience;;) {
    const Rows boot = db_->ask(kBoot, Params().add(draw_identity()));
    const auto failure = db_->take_failure();
    if (!failure) {
      counted_ = true;
      return log_.meet(boot.string(0, 0), boot.integer(0, 1));
    }
    if (failure->scope != Failure::Scope::kLock || std::chrono::steady_clock::now() >= give_up) return failure->error;
  }
}

Result<WallTime> PostgresLog::Impl::now() {
  if (options_.clock != nullptr) return options_.clock->now();
  if (!db_) {
    if (Status done = connect(); !done.ok()) return done.error();
  }
  const Rows clock = db_->ask(kClock);
  if (auto failure = db_->take_failure()) {
    if (!db_->alive()) db_.reset();
    return failure->error;
  }
  return clock.time(0, 0);
}

Result<Committed> PostgresLog::Impl::commit(std::span<const Write> writes) {
  std::vector<const Write*> pointers;
  pointers.reserve(writes.size());
  for (const Write& write : writes) pointers.push_back(&write);
  const auto tried = isolation_.tried_now(pointers);
  Error last = make_error(ErrorClass::kRetry, "the database could not complete the transaction");
  bool isolate = false;
  bool found = false;
  const MonoTime give_up = std::chrono::steady_clock::now() + options_.answer_timeout;
  for (int attempt = 0; attempt < kAttemptsMax && std::chrono::steady_clock::now() < give_up; ++attempt) {
    if (!db_) {
      if (Status done = connect(); !done.ok()) return done.error();
    }
    Committed committed;
    auto failure = try_commit(tried, isolate, committed);
    if (!failure) {
      committed.answers = rows::Isolation::with_left_out(pointers, tried, std::move(committed.answers));
      return committed;
    }
    db_->rollback();
    if (!db_->alive()) db_.reset();
    last = std::move(failure->error);
    switch (failure->scope) {
      case Failure::Scope::kStatement:
        isolate = true;
        break;
      case Failure::Scope::kLock:
        if (auto locked = find_held(tried, found)) return locked->error;
        isolate = !found || isolate || attempt > 0;
        break;
      case Failure::Scope::kTransaction:
        break;
      case Failure::Scope::kServer:
      case Failure::Scope::kConnection:
        return last;
    }
  }
  last.what = ErrorClass::kRetry;
  return last;
}

// After a lock was met: which of the rows that these writes name are held. Nobody waits for them again. Or the table is
// locked, and then there is nothing to be told apart. An id that a stranger has inserted, and not committed, shows
// nowhere.
std::optional<Failure> PostgresLog::Impl::find_held(Pointers writes, bool& found_any) {
  found_any = false;
  if (!db_) return std::nullopt;
  Array ids(postgres::Type::kText);
  for (const Write* write : writes) {
    if (rows::finds_its_rows(*write)) continue;
    const MessageId& id = rows::row_named_by(*write);
    if (rows::is_storable(id) && !held_.has(id)) ids.add(id);
  }
  db_->send(kBegin);
  db_->send(kFree, Params().add(ids));
  db_->send(kThere, Params().add(ids));
  const auto results = db_->receive();
  auto failure = db_->take_failure();
  db_->rollback();
  // Any other failure is met again by what comes next.
  if (failure) return failure->scope == Failure::Scope::kLock ? failure : std::nullopt;
  std::set<std::string, std::less<>> held;
  for (int i = 0; i < results[2].size(); ++i) held.insert(results[2].string(i, 0));
  for (int i = 0; i < results[1].size(); ++i) held.erase(results[1].string(i, 0));
  for (const std::string& id : held) held_.add({id});
  found_any = !held.empty();
  return std::nullopt;
}

// A failure's error says what has become of the writes: nothing, or perhaps all.
std::optional<Failure> PostgresLog::Impl::try_commit(Pointers writes, bool isolate, Committed& committed) {
  db_->send(kBegin);
  db_->send(kClock);
  const auto begun = db_->receive();
  if (auto failure = db_->take_failure()) return failure;
  committed.store_now = read_clock(begun[1]);
  finished_.clear();
  const rows::Moment moment{committed.store_now, options_.body_max};
  auto failure = isolate ? run_isolated(writes, moment, committed.answers) : run(writes, moment, committed.answers);
  if (failure) return failure;
  CrashPoints points;
  for (std::size_t i = 0; i < writes.size(); ++i) {
    if (committed.answers[i].ok()) points.note(*writes[i], *committed.answers[i]);
  }
  points.before_commit();
  failure = end_transaction();
  if (!failure) points.after_commit();
  return failure;
}

std::optional<Failure> PostgresLog::Impl::run(Pointers writes, const rows::Moment& moment,
                                              std::vector<Result<Answer>>& answers) {
  postgres::PostgresStore store(*db_, sweep_, held_, finished_, options_.body_max);
  auto given = rows::apply_hot_first(store, writes, moment, [&](Pointers named, rows::Answers& hot) {
    postgres::run_hot_statements(*db_, held_, named, moment, hot, finished_);
  });
  if (auto failure = db_->take_failure()) return failure;
  std::ranges::move(given, std::back_inserter(answers));
  return std::nullopt;
}

// Half by half, under savepoints.
std::optional<Failure> PostgresLog::Impl::run_isolated(Pointers writes, const rows::Moment& moment,
                                                       std::vector<Result<Answer>>& answers) {
  using Outcome = rows::Isolation::Outcome;
  std::optional<Failure> broken;
  const auto attempt = [&](Pointers range, std::vector<Result<Answer>>& given) -> rows::Isolation::Attempt {
    auto failure = run_in_savepoint(range, moment, given);
    if (!failure) return {};
    if (failure->scope == Failure::Scope::kStatement) return {Outcome::kRefused, std::move(failure->error)};
    if (failure->scope == Failure::Scope::kLock) {
      if (range.size() == 1 && !rows::finds_its_rows(*range.front())) held_.add(rows::row_named_by(*range.front()));
      return {Outcome::kHeld};
    }
    broken = std::move(failure);
    return {Outcome::kBroken};
  };
  if (!isolation_.run(writes, attempt, answers)) return broken;
  return std::nullopt;
}

// After a failure of the range alone the transaction stands as it did before.
std::optional<Failure> PostgresLog::Impl::run_in_savepoint(Pointers writes, const rows::Moment& moment,
                                                           std::vector<Result<Answer>>& answers) {
  db_->send(kSavepoint);
  db_->send(kWaitLess, Params().add(std::to_string(options_.patience.alone.count()) + "ms"));
  db_->receive();
  const auto finished_before = finished_;
  auto failure = run(writes, moment, answers);
  if (!failure) {
    db_->ask(kRelease);
    return db_->take_failure();
  }
  const bool own = failure->scope == Failure::Scope::kStatement || failure->scope == Failure::Scope::kLock;
  if (!own) return failure;
  finished_ = finished_before;
  db_->ask(kBack);
  if (auto lost = db_->take_failure()) return lost;
  return failure;
}

// Once the command is sent, a lost connection leaves in doubt what has become of it: only running the same writes again
// can tell. An error that the server tells of it is a refusal.
std::optional<Failure> PostgresLog::Impl::end_transaction() {
  postgres::send_finished(*db_, part_, finished_);
  db_->send(kCommit);
  const auto done = db_->receive();
  auto failure = db_->take_failure();
  if (!failure && done.back().tag() != "COMMIT") {
    return Failure{Failure::Scope::kTransaction,
                   make_error(ErrorClass::kRetry, "the database rolled the transaction back")};
  }
  if (failure && failure->scope == Failure::Scope::kConnection) failure->error.what = ErrorClass::kInDoubt;
  return failure;
}

Result<std::unique_ptr<PostgresLog>> PostgresLog::open(const PostgresOptions& options) {
  auto impl = std::make_unique<Impl>(options);
  if (Status opened = impl->open(); !opened.ok()) return opened.error();
  return std::unique_ptr<PostgresLog>(new PostgresLog(std::move(impl)));
}

PostgresLog::PostgresLog(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PostgresLog::~PostgresLog() = default;

Result<Committed> PostgresLog::commit(std::span<const Write> writes) { return impl_->commit(writes); }
Result<WallTime> PostgresLog::now() { return impl_->now(); }
std::string PostgresLog::identity() const { return impl_->identity(); }
Status PostgresLog::count_boot() { return impl_->count_boot(); }
std::int64_t PostgresLog::boot_number() const { return impl_->boot_number(); }
const std::string& PostgresLog::warning() const { return impl_->warning(); }

}  // namespace waybill
