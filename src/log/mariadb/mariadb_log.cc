#include "log/mariadb/mariadb_log.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <random>
#include <set>
#include <utility>

#include "log/classic_table.h"
#include "log/crash_points.h"
#include "log/known_log.h"
#include "log/mariadb/connection.h"
#include "log/mariadb/hot_statements.h"
#include "log/mariadb/mariadb_store.h"
#include "log/mariadb/schema.h"
#include "log/rows/hot_first.h"
#include "log/rows/isolation.h"

namespace waybill {
namespace {

using mariadb::Connection;
using mariadb::Failure;
using mariadb::Ledger;
using mariadb::List;
using mariadb::Rows;
using mariadb::sql;

constexpr int kAttemptsMax = 6;
// All that start at once count themselves in one row, each with a sync of its own.
constexpr Duration kBootPatience{10'000};
// Of the sums that are kept: processes mostly have one of their own.
constexpr unsigned kParts = 64;

constexpr char kBegin[] = "START TRANSACTION";
constexpr char kNothing[] = "DO 0";
constexpr char kCommit[] = "COMMIT";
constexpr char kClock[] = "SELECT UTC_TIMESTAMP(3)";
constexpr char kSavepoint[] = "SAVEPOINT one_range";
constexpr char kRelease[] = "RELEASE SAVEPOINT one_range";
constexpr char kBack[] = "ROLLBACK TO SAVEPOINT one_range";
constexpr char kIdentity[] = "SELECT identity, boot_number FROM log_identity";
constexpr char kBoot[] =
    "INSERT INTO log_identity (only_row, identity, boot_number, create_time) VALUES (1, ?, 1, UTC_TIMESTAMP(3)) "
    "ON DUPLICATE KEY UPDATE boot_number = boot_number + 1";
constexpr char kIsAdopting[] =
    "SELECT EXISTS (SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = "
    "'msg_log_adoption')";
// For the next transaction alone, which is the look itself.
constexpr char kLookAtAll[] = "SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED";
constexpr char kLookAtTable[] = "SELECT msg_id FROM msg_log LIMIT 0";
constexpr char kUncommitted[] = "SELECT msg_id FROM msg_log FORCE INDEX (PRIMARY) WHERE msg_id IN (?)";

std::string draw_identity() {
  std::random_device device;
  std::string identity;
  constexpr char kDigits[] = "0123456789abcdef";
  for (int i = 0; i < 32; ++i) identity += kDigits[device() & 15U];
  return identity;
}

}  // namespace

class MariadbLog::Impl {
 public:
  explicit Impl(const MariadbOptions& options)
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
  Status ask_clock(const char* first);
  std::optional<Failure> try_commit(Pointers writes, bool isolate, Committed& committed);
  std::optional<Failure> run(Pointers writes, const rows::Moment& moment, std::vector<Result<Answer>>& answers);
  std::optional<Failure> run_isolated(Pointers writes, const rows::Moment& moment,
                                      std::vector<Result<Answer>>& answers);
  std::optional<Failure> run_in_savepoint(Pointers writes, const rows::Moment& moment,
                                          std::vector<Result<Answer>>& answers);
  std::optional<Failure> end_transaction();
  std::optional<Failure> find_uncommitted(Pointers writes, bool& found_any);
  std::optional<Failure> lock_met();
  [[nodiscard]] std::size_t body_max() const;

  const MariadbOptions options_;
  const int part_;
  std::unique_ptr<Connection> db_;  // null: to be made by the next call
  mariadb::SweepPosition sweep_;
  rows::HeldRows held_;
  rows::Isolation isolation_;
  WallTime clock_{};  // the store's, as it was asked last
  Ledger ledger_;     // of the transaction that runs
  KnownLog log_;
  std::string warning_;
  bool counted_ = false;
};

Status MariadbLog::Impl::open() {
  {
    auto connection = Connection::open(options_);
    if (!connection.ok()) return connection.error();
    auto durable = mariadb::check_durability(**connection);
    if (!durable.ok()) return durable.error();
    warning_ = *std::move(durable);
  }
  if (Status done = mariadb::migrate(options_, mariadb::Migrate::kIfEmpty); !done.ok()) return done;
  if (Status done = connect(); !done.ok()) return done;
  return register_boot();
}

Status MariadbLog::Impl::connect() {
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
Status MariadbLog::Impl::register_boot() {
  const bool exists = !log_.identity().empty();
  if (exists && options_.admit) {
    if (Status admitted = options_.admit(log_.identity(), log_.boot_number() + 1); !admitted.ok()) return admitted;
  }
  if (exists && !options_.counted) return ok_status();
  return count_boot();
}

// An adoption that has begun since the log was opened has seen our name, or is seen here.
Status MariadbLog::Impl::count_boot() {
  const Rows adopting = db_->ask(kIsAdopting);
  if (auto failure = db_->take_failure()) return failure->error;
  if (adopting.boolean(0, 0)) return make_error(ErrorClass::kPermanent, kAdoptionGoesOn);
  if (counted_) return ok_status();
  for (const MonoTime give_up = std::chrono::steady_clock::now() + kBootPatience;;) {
    db_->send(kBegin);
    db_->send(sql(kBoot, draw_identity()));
    db_->send(kIdentity);
    db_->send(kCommit);
    const auto results = db_->receive();
    const auto failure = db_->take_failure();
    db_->rollback();
    if (!failure) {
      counted_ = true;
      return log_.meet(results[2].string(0, 0), results[2].integer(0, 1));
    }
    if (failure->scope != Failure::Scope::kLock || std::chrono::steady_clock::now() >= give_up) return failure->error;
  }
}

Result<WallTime> MariadbLog::Impl::now() {
  if (options_.clock != nullptr) return options_.clock->now();
  if (Status done = ask_clock(kNothing); !done.ok()) return done.error();
  return clock_;
}

// With a statement before it, which is none or begins a transaction. A connection that nobody used for a while is
// closed by the server, which is no reason to fail.
Status MariadbLog::Impl::ask_clock(const char* first) {
  for (bool is_new = !db_;; is_new = true) {
    if (!db_) {
      if (Status done = connect(); !done.ok()) return done;
    }
    db_->send(first);
    db_->send(kClock);
    const auto results = db_->receive();
    const auto failure = db_->take_failure();
    if (!failure) {
      clock_ = options_.clock != nullptr ? options_.clock->now() : results[1].time(0, 0);
      return ok_status();
    }
    if (!db_->alive()) db_.reset();
    if (db_ || is_new) return failure->error;
  }
}

// Escaped, a byte may take two.
std::size_t MariadbLog::Impl::body_max() const {
  constexpr std::size_t kRest = 1U << 20U;
  return std::min(options_.body_max, (db_->packet_max() - kRest) / 2);
}

Result<Committed> MariadbLog::Impl::commit(std::span<const Write> writes) {
  std::vector<const Write*> pointers;
  pointers.reserve(writes.size());
  for (const Write& write : writes) pointers.push_back(&write);
  const auto tried = isolation_.tried_now(pointers);
  Error last = make_error(ErrorClass::kRetry, "the database could not complete the transaction");
  bool isolate = false;
  bool found = false;
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    if (Status begun = ask_clock(kBegin); !begun.ok()) return begun.error();
    Committed committed;
    auto failure = try_commit(tried, isolate, committed);
    if (!failure) {
      committed.answers = rows::Isolation::with_left_out(pointers, tried, std::move(committed.answers));
      return committed;
    }
    if (db_) db_->rollback();
    if (db_ && !db_->alive()) db_.reset();
    last = std::move(failure->error);
    switch (failure->scope) {
      case Failure::Scope::kStatement:
        isolate = true;
        break;
      case Failure::Scope::kLock:
        if (auto locked = find_uncommitted(tried, found)) return locked->error;
        isolate = !found;
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

// After a lock was met. It may be that of an id that a stranger's transaction has inserted: those can be told at once,
// and nobody waits for them again for a while. Or the table is locked, and then there is nothing to be told apart.
std::optional<Failure> MariadbLog::Impl::find_uncommitted(Pointers writes, bool& found_any) {
  found_any = false;
  if (!db_) return std::nullopt;
  List ids;
  for (const Write* write : writes) {
    if (!makes_row(*write)) continue;
    const MessageId& id = rows::row_named_by(*write);
    if (is_valid_utf8(id.value) && !held_.has(id)) ids.add(id);
  }
  if (ids.empty()) {
    db_->ask(kLookAtTable);
    return lock_met();
  }
  db_->send(sql(kUncommitted, ids));
  db_->tell(kLookAtAll);
  db_->send(sql(kUncommitted, ids));
  const auto results = db_->receive();
  if (db_->failed()) return lock_met();
  std::set<std::string, std::less<>> found;
  for (int i = 0; i < results[1].size(); ++i) found.insert(results[1].string(i, 0));
  for (int i = 0; i < results[0].size(); ++i) found.erase(results[0].string(i, 0));
  for (const std::string& id : found) held_.add({id});
  found_any = !found.empty();
  return std::nullopt;
}

// Any other failure of a look is met again by what comes next.
std::optional<Failure> MariadbLog::Impl::lock_met() {
  auto failure = db_->take_failure();
  return failure && failure->scope == Failure::Scope::kLock ? failure : std::nullopt;
}

// The transaction has begun. A failure's error says what has become of the writes: nothing, or perhaps all.
std::optional<Failure> MariadbLog::Impl::try_commit(Pointers writes, bool isolate, Committed& committed) {
  committed.store_now = clock_;
  ledger_ = {};
  const rows::Moment moment{committed.store_now, body_max()};
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

std::optional<Failure> MariadbLog::Impl::run(Pointers writes, const rows::Moment& moment,
                                             std::vector<Result<Answer>>& answers) {
  // What can be written is less: escaped, a byte may take two. What other programs wrote unescaped is read.
  mariadb::MariadbStore store(*db_, sweep_, held_, ledger_, options_.body_max);
  auto given = rows::apply_hot_first(store, writes, moment, [&](Pointers named, rows::Answers& hot) {
    mariadb::run_hot_statements(*db_, held_, named, moment, hot, ledger_);
  });
  if (db_->failed()) return db_->take_failure();
  std::ranges::move(given, std::back_inserter(answers));
  return std::nullopt;
}

// Half by half, under savepoints.
std::optional<Failure> MariadbLog::Impl::run_isolated(Pointers writes, const rows::Moment& moment,
                                                      std::vector<Result<Answer>>& answers) {
  using Outcome = rows::Isolation::Outcome;
  std::optional<Failure> broken;
  const auto attempt = [&](Pointers range, std::vector<Result<Answer>>& given) -> rows::Isolation::Attempt {
    auto failure = run_in_savepoint(range, moment, given);
    if (!failure) return {};
    if (failure->scope == Failure::Scope::kStatement) return {Outcome::kRefused, std::move(failure->error)};
    if (failure->scope == Failure::Scope::kLock) return {Outcome::kHeld};
    broken = std::move(failure);
    return {Outcome::kBroken};
  };
  if (!isolation_.run(writes, attempt, answers)) return broken;
  return std::nullopt;
}

// After a failure of the range alone the transaction stands as it did before.
std::optional<Failure> MariadbLog::Impl::run_in_savepoint(Pointers writes, const rows::Moment& moment,
                                                          std::vector<Result<Answer>>& answers) {
  db_->ask(kSavepoint);
  std::vector<Result<Answer>> given;
  const Ledger ledger_before = ledger_;
  auto failure = run(writes, moment, given);
  if (!failure) {
    db_->ask(kRelease);  // with all that is still to be written
    failure = db_->take_failure();
  }
  if (!failure) {
    std::ranges::move(given, std::back_inserter(answers));
    return std::nullopt;
  }
  const bool own = failure->scope == Failure::Scope::kStatement || failure->scope == Failure::Scope::kLock;
  if (!own) return failure;
  ledger_ = ledger_before;
  db_->ask(kBack);
  if (auto lost = db_->take_failure()) return lost;
  return failure;
}

// With all that is still to be written. Once the server may have got the COMMIT, anything but its success leaves in
// doubt what has become of it: only running the same writes again can tell.
std::optional<Failure> MariadbLog::Impl::end_transaction() {
  mariadb::tell_end(*db_, part_, ledger_);
  db_->ask(kCommit);
  auto failure = db_->take_failure();
  if (failure && db_->failed_at_last() && failure->scope != Failure::Scope::kTransaction) {
    failure->error.what = ErrorClass::kInDoubt;
    failure->scope = Failure::Scope::kConnection;
    db_.reset();
  }
  return failure;
}

Result<std::unique_ptr<MariadbLog>> MariadbLog::open(const MariadbOptions& options) {
  auto impl = std::make_unique<Impl>(options);
  if (Status opened = impl->open(); !opened.ok()) return opened.error();
  return std::unique_ptr<MariadbLog>(new MariadbLog(std::move(impl)));
}

MariadbLog::MariadbLog(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MariadbLog::~MariadbLog() = default;

Result<Committed> MariadbLog::commit(std::span<const Write> writes) { return impl_->commit(writes); }
Result<WallTime> MariadbLog::now() { return impl_->now(); }
std::string MariadbLog::identity() const { return impl_->identity(); }
Status MariadbLog::count_boot() { return impl_->count_boot(); }
std::int64_t MariadbLog::boot_number() const { return impl_->boot_number(); }
const std::string& MariadbLog::warning() const { return impl_->warning(); }

}  // namespace waybill
