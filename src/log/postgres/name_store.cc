#include "log/postgres/name_store.h"

#include <utility>

#include "log/postgres/connection.h"

namespace waybill::postgres {
namespace {

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

class PostgresNameStore final : public NameStore {
 public:
  PostgresNameStore(PostgresOptions options, const Owner& owner)
      : options_(std::move(options)), name_(owner.instance), owner_(to_string(owner)) {}

  [[nodiscard]] Status connect() override {
    db_.reset();
    auto opened = Connection::open(options_);
    if (!opened.ok()) return opened.error();
    // The session is idle most of the time, and must neither be ended for that nor outlive a dead machine for hours.
    (*opened)->script(
        "SET idle_in_transaction_session_timeout = 0; SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; "
        "SET tcp_keepalives_count = 3");
    if (auto failure = (*opened)->take_failure()) return failure->error;
    db_ = std::move(*opened);
    return ok_status();
  }
  [[nodiscard]] bool connected() const override { return db_ && db_->alive(); }
  void disconnect() override { db_.reset(); }

  [[nodiscard]] Result<bool> lock() override {
    const Rows got = db_->ask(kTry, Params().add(name_));
    if (auto failure = db_->take_failure()) return failure->error;
    return got.boolean(0, 0);
  }
  [[nodiscard]] Result<std::optional<Holder>> holder() override {
    const Rows who = db_->ask(kWho, Params().add(name_));
    if (auto failure = db_->take_failure()) return failure->error;
    if (who.size() == 0) return std::optional<Holder>();
    return std::optional(Holder{who.string(0, 0), who.string(0, 1), who.small(0, 2), who.time(0, 3), who.boolean(0, 4),
                                who.boolean(0, 5)});
  }
  [[nodiscard]] Status sign(const std::string& host, int process) override {
    return write(kSign, Params().add(name_).add(owner_).add(host).add(process).add(kAlive.count()));
  }
  [[nodiscard]] Status keep_alive() override {
    return write(kKeepAlive, Params().add(name_).add(owner_).add(kAlive.count()));
  }
  [[nodiscard]] Status leave() override { return write(kLeave, Params().add(name_).add(owner_)); }

 private:
  Status write(const Statement& statement, const Params& params) {
    db_->ask(statement, params);
    if (auto failure = db_->take_failure()) return failure->error;
    return ok_status();
  }

  const PostgresOptions options_;
  const std::string name_;
  const std::string owner_;
  std::unique_ptr<Connection> db_;
};

}  // namespace

std::unique_ptr<NameStore> make_name_store(const PostgresOptions& options, const Owner& owner) {
  return std::make_unique<PostgresNameStore>(options, owner);
}

}  // namespace waybill::postgres
