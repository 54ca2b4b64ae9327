#include "log/postgres/instance_hold.h"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

#include "base/fail_stop.h"
#include "base/log.h"
#include "log/postgres/connection.h"

namespace waybill {
namespace {

using postgres::Connection;
using postgres::Params;
using postgres::Rows;
using postgres::Statement;

// How long the row says that its holder is alive, and how often it says so.
constexpr Duration kAlive{15'000};
constexpr Duration kRound{5'000};
// A holder that was just killed: its lock is free as soon as the server has seen the connection end.
constexpr Duration kHandOver{3'000};
constexpr Duration kTryAgain{100};

constexpr Statement kTry{"hold_name", "SELECT pg_try_advisory_lock(hashtextextended('waybill/' || $1::text, 0))"};
constexpr Statement kWho{"who_holds",
                         "SELECT owner, host, process, started, stopped, "
                         "alive_until <= clock_timestamp() AT TIME ZONE 'utc' FROM instance WHERE name = $1"};
constexpr Statement kSign{
    "sign_hold",
    "INSERT INTO instance (name, owner, host, process, started, alive_until) "
    "SELECT $1, $2, $3, $4::integer, t.now, t.now + $5::bigint * interval '1 millisecond' "
    "FROM (SELECT clock_timestamp() AT TIME ZONE 'utc' AS now) t "
    "ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, host = excluded.host, process = excluded.process, "
    "started = excluded.started, alive_until = excluded.alive_until, stopped = false"};
constexpr Statement kKeepAlive{
    "keep_alive",
    "UPDATE instance SET alive_until = clock_timestamp() AT TIME ZONE 'utc' + $3::bigint * interval '1 millisecond' "
    "WHERE name = $1 AND owner = $2"};
constexpr Statement kLeave{"leave",
                           "UPDATE instance SET stopped = true, alive_until = clock_timestamp() AT TIME ZONE 'utc' "
                           "WHERE name = $1 AND owner = $2"};

std::string first_line_of(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// Where a process number means something: this boot of this machine, and this space of process numbers.
std::string here() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host = {'h', 'o', 's', 't'};
  std::error_code ignored;
  const auto space = std::filesystem::read_symlink("/proc/self/ns/pid", ignored).string();
  return std::string(host.data()) + " " + first_line_of("/proc/sys/kernel/random/boot_id") + " " + space;
}

bool process_is_gone(int process) { return ::kill(process, 0) != 0 && errno == ESRCH; }

std::string host_of(const std::string& place) { return place.substr(0, place.find(' ')); }

Error held_by(const std::string& name, const Rows& holder) {
  std::string who = "another instance";
  if (holder.size() > 0) {
    who = "process " + std::to_string(holder.integer(0, 2)) + " on " + host_of(holder.string(0, 1)) + " (" +
          holder.string(0, 0) + ", since " + to_rfc3339(holder.time(0, 3)) + ")";
  }
  return make_error(ErrorClass::kConflict, "the instance name '" + name + "' is held by " + who +
                                               "; stop that, or give this one a name of its own with instance.name");
}

}  // namespace

class InstanceHold::Impl {
 public:
  Impl(const PostgresOptions& options, const Owner& owner, std::function<void(const Error&)> on_lost)
      : options_(options), name_(owner.instance), owner_(to_string(owner)), on_lost_(std::move(on_lost)) {}
  ~Impl();

  Status take();
  void keep();
  [[nodiscard]] bool former_is_dead() const { return former_is_dead_; }

 private:
  Status connect();
  Result<bool> lock();
  Status sign();
  bool renew();
  void run(const std::stop_token& stop);

  const PostgresOptions options_;
  const std::string name_;
  const std::string owner_;
  const std::function<void(const Error&)> on_lost_;
  std::unique_ptr<Connection> db_;  // of the thread, once it runs
  bool former_is_dead_ = true;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

Status InstanceHold::Impl::connect() {
  auto opened = Connection::open(options_);
  if (!opened.ok()) return opened.error();
  db_ = std::move(*opened);
  // The session is idle most of the time, and must neither be ended for that nor outlive a dead machine for hours.
  db_->script(
      "SET idle_in_transaction_session_timeout = 0; SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; "
      "SET tcp_keepalives_count = 3");
  if (auto failure = db_->take_failure()) return failure->error;
  return ok_status();
}

Result<bool> InstanceHold::Impl::lock() {
  const Rows got = db_->ask(kTry, Params().add(name_));
  if (auto failure = db_->take_failure()) return failure->error;
  return got.boolean(0, 0);
}

Status InstanceHold::Impl::sign() {
  db_->ask(kSign, Params().add(name_).add(owner_).add(here()).add(static_cast<int>(::getpid())).add(kAlive.count()));
  if (auto failure = db_->take_failure()) return failure->error;
  return ok_status();
}

Status InstanceHold::Impl::take() {
  if (Status done = connect(); !done.ok()) return done;
  const MonoTime give_up = std::chrono::steady_clock::now() + kHandOver;
  while (true) {
    const auto held = lock();
    if (!held.ok()) return held.error();
    const Rows former = db_->ask(kWho, Params().add(name_));
    if (auto failure = db_->take_failure()) return failure->error;
    if (*held) {
      const bool known = former.size() > 0;
      former_is_dead_ = !known || former.boolean(0, 4) || former.boolean(0, 5) ||
                        (former.text(0, 1) == here() && process_is_gone(former.small(0, 2)));
      return sign();
    }
    if (std::chrono::steady_clock::now() > give_up) return held_by(name_, former);
    std::this_thread::sleep_for(kTryAgain);
  }
}

void InstanceHold::Impl::keep() {
  thread_ = std::jthread([this](const std::stop_token& stop) { run_or_abort("instance name", [&] { run(stop); }); });
}

// False if the name is lost for good.
bool InstanceHold::Impl::renew() {
  if (db_ && db_->alive()) {
    db_->ask(kKeepAlive, Params().add(name_).add(owner_).add(kAlive.count()));
    if (!db_->take_failure()) return true;
    if (db_->alive()) return true;  // refused at present: the lock is still ours
  }
  if (Status again = connect(); !again.ok()) {
    db_.reset();
    return true;  // the next round tries again
  }
  const auto held = lock();
  if (!held.ok()) return true;
  if (*held) {
    static_cast<void>(sign());  // the next round says it again
    return true;
  }
  const Rows holder = db_->ask(kWho, Params().add(name_));
  // Our own former session may not have been noticed as dead yet.
  if (db_->take_failure() || (holder.size() > 0 && holder.text(0, 0) == owner_)) {
    db_.reset();
    return true;
  }
  on_lost_(held_by(name_, holder));
  return false;
}

void InstanceHold::Impl::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    wake_.wait_for(lock, stop, kRound, [] { return false; });
    if (stop.stop_requested()) return;
    if (!renew()) return;
  }
}

InstanceHold::Impl::~Impl() {
  thread_ = {};
  if (!db_ || !db_->alive()) return;
  db_->ask(kLeave, Params().add(name_).add(owner_));
  static_cast<void>(db_->take_failure());  // without it the next start waits for the leases
}

Result<std::unique_ptr<InstanceHold>> InstanceHold::take(const PostgresOptions& options, const Owner& owner,
                                                         std::function<void(const Error&)> on_lost) {
  auto impl = std::make_unique<Impl>(options, owner, std::move(on_lost));
  if (Status held = impl->take(); !held.ok()) return held.error();
  impl->keep();
  return std::unique_ptr<InstanceHold>(new InstanceHold(std::move(impl)));
}

InstanceHold::InstanceHold(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
InstanceHold::~InstanceHold() = default;
bool InstanceHold::former_is_dead() const { return impl_->former_is_dead(); }

}  // namespace waybill
