#include "log/sqlite/sqlite_log.h"

#include <unistd.h>

#include <atomic>
#include <random>
#include <utility>

#include "base/fault_point.h"
#include "log/crash_points.h"
#include "log/sqlite/connection.h"
#include "log/sqlite/schema.h"
#include "log/sqlite/verbs.h"

namespace waybill {
namespace {

using sqlite::Connection;
using sqlite::Failure;

// A reader that never ends keeps the write-ahead log from being reset; past this many times the usual size it is waited
// for, a busy timeout long, at every further such growth. (Not for a check of the whole file: it ends by itself.)
constexpr int kTruncateFactor = 8;

std::string draw_identity() {
  std::random_device device;
  std::string identity;
  constexpr char kDigits[] = "0123456789abcdef";
  for (int i = 0; i < 32; ++i) identity += kDigits[device() & 15U];
  return identity;
}

}  // namespace

class SqliteLog::Impl {
 public:
  explicit Impl(const SqliteOptions& options) : options_(options), truncate_pages_(usual_truncate_pages()) {}
  ~Impl();

  Status open();
  Result<Committed> commit(std::span<const Write> writes);

  [[nodiscard]] WallTime now() const { return options_.clock.now(); }
  [[nodiscard]] const std::string& identity() const { return identity_; }
  [[nodiscard]] std::int64_t boot_number() const { return boot_number_; }
  [[nodiscard]] bool was_checked() const { return was_checked_; }
  Result<bool> check(std::stop_token stop);

 private:
  // How much a single failing write costs its neighbours.
  enum class Isolation {
    kNone,        // nothing is set up for it; it ends the run
    kSavepoints,  // it is undone by itself
  };
  enum class Run { kCommitted, kWriteFailed };

  [[nodiscard]] int usual_truncate_pages() const { return options_.checkpoint_pages * kTruncateFactor; }
  Result<std::unique_ptr<Connection>> connect() const;
  Status reopen();
  Status carry_over();
  Status register_boot();
  Status read_identity();
  void checkpoint_if_due();
  Result<Run> run(std::span<const Write> writes, Isolation isolation, Committed& committed);
  std::optional<Failure> run_isolated(sqlite::Transaction& tx, const Write& write, Committed& committed);
  Error give_up(Failure failure);
  Error commit_failed();

  SqliteOptions options_;
  std::unique_ptr<Connection> db_;  // null: to be opened by the next call
  sqlite::SweepPosition sweep_;
  std::string identity_;
  std::int64_t boot_number_ = 0;
  int truncate_pages_;
  bool carry_over_first_ = false;  // after an I/O error, see reopen()
  bool was_checked_ = false;
  std::atomic<bool> checking_ = false;
};

SqliteLog::Impl::~Impl() {
  // Best effort: the next start carries over what is left.
  if (db_) static_cast<void>(db_->checkpoint(Connection::Checkpoint::kTruncate));
}

Result<std::unique_ptr<Connection>> SqliteLog::Impl::connect() const {
  constexpr std::int64_t kPage = 4'096;
  return Connection::open({.path = options_.path,
                           .busy_timeout = options_.busy_timeout,
                           .triggers = false,
                           .cache_bytes = options_.cache_bytes,
                           .gathers_wal = true,
                           .wal_bytes_kept = 2 * kPage * options_.checkpoint_pages});
}

Status SqliteLog::Impl::open() {
  auto opened = connect();
  if (!opened.ok()) return opened.error();
  db_ = std::move(opened).value();
  const auto prepared = sqlite::prepare_store(*db_, options_.path, options_.checked_at_open_max, now());
  if (!prepared.ok()) return prepared.error();
  was_checked_ = *prepared;
  if (auto status = read_identity(); !status.ok()) return status;
  if (!identity_.empty() && options_.admit) {
    if (auto status = options_.admit(identity_, boot_number_ + 1); !status.ok()) return status;
  }
  if (!identity_.empty() && !options_.counted) return ok_status();
  if (auto status = carry_over(); !status.ok()) return status;
  if (auto status = register_boot(); !status.ok()) return status;
  return read_identity();
}

// What a former process could not sync may stand in the write-ahead log as if it were durable, and would cut off what
// is written behind it: so the log is carried over and emptied first.
Status SqliteLog::Impl::carry_over() {
  if (db_->checkpoint(Connection::Checkpoint::kTruncate)) return ok_status();
  // Without a failure only a reader is in the way; then what it reads has been carried over as far as it allows.
  if (auto failure = db_->take_failure()) return failure->error;
  return ok_status();
}

// Each opening is a boot; the first one draws the identity.
Status SqliteLog::Impl::register_boot() {
  db_->script("BEGIN IMMEDIATE");
  db_->run(
      "INSERT INTO log_identity (only_row, identity, boot_number, create_time) VALUES (1, ?1, 1, ?2) "
      "ON CONFLICT (only_row) DO UPDATE SET boot_number = boot_number + 1",
      draw_identity(), now());
  db_->script("COMMIT");
  auto failure = db_->take_failure();
  db_->rollback();
  if (failure) return failure->error;
  return ok_status();
}

Status SqliteLog::Impl::read_identity() {
  auto row = db_->query("SELECT identity, boot_number FROM log_identity");
  if (row.next()) {
    identity_ = row.string(0);
    boot_number_ = row.integer(1);
  }
  if (auto failure = db_->take_failure()) return failure->error;
  return ok_status();
}

// After an error at fdatasync the kernel may have dropped pages of the write-ahead log that still look written. So the
// log is carried over and emptied before anything new relies on what stands before it.
Status SqliteLog::Impl::reopen() {
  auto opened = connect();
  if (!opened.ok()) return opened.error();
  auto db = std::move(opened).value();
  if (auto status = sqlite::make_durable(*db, options_.path); !status.ok()) return status;
  if (carry_over_first_ && !db->checkpoint(Connection::Checkpoint::kTruncate)) {
    if (auto failure = db->take_failure()) return failure->error;
    return make_error(ErrorClass::kRetry, "the message log " + options_.path +
                                              " recovers from an I/O error and waits for a reader to finish");
  }
  carry_over_first_ = false;
  db_ = std::move(db);
  return ok_status();
}

// Before a commit rather than after it: the callers of the last one have their answers meanwhile.
void SqliteLog::Impl::checkpoint_if_due() {
  const int pages = db_->wal_pages();
  if (pages < options_.checkpoint_pages) return;
  crash_point("during_checkpoint");
  if (db_->checkpoint(Connection::Checkpoint::kPassive)) {
    truncate_pages_ = usual_truncate_pages();
  } else if (pages >= truncate_pages_ && !checking_) {
    truncate_pages_ =
        db_->checkpoint(Connection::Checkpoint::kTruncate) ? usual_truncate_pages() : pages + usual_truncate_pages();
  }
  crash_point("during_checkpoint");
  // What was committed stays so. An I/O error is met again by what follows; here it only asks for a new connection.
  if (auto failure = db_->take_failure(); failure && failure->must_reopen) {
    db_.reset();
    carry_over_first_ = true;
  }
}

// sqlite3_interrupt ends the check wherever it is, unless it comes before the check has begun.
Result<bool> SqliteLog::Impl::check(std::stop_token stop) {
  auto opened = Connection::open({.path = options_.path, .busy_timeout = options_.busy_timeout, .query_only = true});
  if (!opened.ok()) return opened.error();
  Connection& db = **opened;
  const auto interruption = db.interrupt_when([&] { return stop.stop_requested(); });
  const std::stop_callback interrupt(stop, [&] { db.interrupt(); });
  if (stop.stop_requested()) return false;
  checking_ = true;
  auto sound = sqlite::refuse_damage(db, options_.path);
  checking_ = false;
  if (sound.ok()) return true;
  if (stop.stop_requested() && sound.error().what == ErrorClass::kRetry) return false;
  return sound.error();
}

Result<Committed> SqliteLog::Impl::commit(std::span<const Write> writes) {
  if (db_) checkpoint_if_due();
  if (!db_) {
    if (auto status = reopen(); !status.ok()) return status.error();
  }
  Committed committed;
  auto done = run(writes, Isolation::kNone, committed);
  if (done.ok() && *done == Run::kWriteFailed) {
    committed = {};
    done = run(writes, Isolation::kSavepoints, committed);
  }
  if (!done.ok()) return done.error();
  return committed;
}

Result<SqliteLog::Impl::Run> SqliteLog::Impl::run(std::span<const Write> writes, Isolation isolation,
                                                  Committed& committed) {
  db_->run("BEGIN IMMEDIATE");
  if (auto failure = db_->take_failure()) return give_up(std::move(*failure));
  sqlite::Transaction tx{*db_, now(), options_.body_max, sweep_};
  CrashPoints points;
  committed.store_now = tx.now;
  committed.answers.reserve(writes.size());
  for (const Write& write : writes) {
    std::optional<Failure> failure;
    if (isolation == Isolation::kSavepoints) {
      failure = run_isolated(tx, write, committed);
    } else {
      committed.answers.emplace_back(std::visit([&](const auto& verb) { return Answer(apply(tx, verb)); }, write));
      failure = db_->take_failure();
    }
    if (failure && failure->scope == Failure::Scope::kStatement) {
      db_->rollback();
      return Run::kWriteFailed;
    }
    if (failure) return give_up(std::move(*failure));
    if (committed.answers.back().ok()) points.note(write, *committed.answers.back());
  }
  tx.finished.write(*db_);
  if (auto failure = db_->take_failure()) return give_up(std::move(*failure));
  points.before_commit();
  db_->run("COMMIT");
  if (db_->failed()) return commit_failed();
  points.after_commit();
  return Run::kCommitted;
}

// A failure is returned only if it reaches beyond the write.
std::optional<Failure> SqliteLog::Impl::run_isolated(sqlite::Transaction& tx, const Write& write,
                                                     Committed& committed) {
  db_->run("SAVEPOINT one_write");
  const auto finished_before = tx.finished;
  Answer answer = std::visit([&](const auto& verb) { return Answer(apply(tx, verb)); }, write);
  auto failure = db_->take_failure();
  if (failure && failure->scope != Failure::Scope::kStatement) return failure;
  if (failure) {
    db_->run("ROLLBACK TO one_write");
    tx.finished = finished_before;
    committed.answers.emplace_back(std::move(failure->error));
  } else {
    committed.answers.emplace_back(std::move(answer));
  }
  db_->run("RELEASE one_write");
  return db_->take_failure();
}

Error SqliteLog::Impl::give_up(Failure failure) {
  db_->rollback();
  if (failure.must_reopen) {
    db_.reset();
    carry_over_first_ = true;
  }
  return std::move(failure.error);
}

// The commit record may have reached the disk or not: only running the same writes again, on a connection that has read
// the log anew, can tell.
Error SqliteLog::Impl::commit_failed() {
  auto failure = *db_->take_failure();
  db_->rollback();
  db_.reset();
  carry_over_first_ = carry_over_first_ || failure.must_reopen;
  failure.error.what = ErrorClass::kInDoubt;
  return std::move(failure.error);
}

Result<std::unique_ptr<SqliteLog>> SqliteLog::open(const SqliteOptions& options) {
  auto impl = std::make_unique<Impl>(options);
  if (auto status = impl->open(); !status.ok()) return status.error();
  return std::unique_ptr<SqliteLog>(new SqliteLog(std::move(impl)));
}

SqliteLog::SqliteLog(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SqliteLog::~SqliteLog() = default;

Result<Committed> SqliteLog::commit(std::span<const Write> writes) { return impl_->commit(writes); }
Result<WallTime> SqliteLog::now() { return impl_->now(); }
std::string SqliteLog::identity() const { return impl_->identity(); }
bool SqliteLog::was_checked() const { return impl_->was_checked(); }
Result<bool> SqliteLog::check(std::stop_token stop) { return impl_->check(std::move(stop)); }
std::int64_t SqliteLog::boot_number() const { return impl_->boot_number(); }

}  // namespace waybill
