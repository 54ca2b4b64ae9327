#include "log/mariadb/name_store.h"

#include <utility>

#include "log/mariadb/connection.h"

namespace waybill::mariadb {
namespace {

// Names of session locks are the server's, not the database's, and at most 64 characters.
constexpr char kTry[] = "SELECT GET_LOCK(LEFT(SHA2(CONCAT('waybill/', DATABASE(), '/', ?), 256), 64), 0)";
constexpr char kWho[] =
    "SELECT owner, host, process, started, stopped, alive_until <= UTC_TIMESTAMP(3) FROM instance WHERE name = ?";
constexpr char kSign[] =
    "INSERT INTO instance (name, owner, host, process, started, alive_until) "
    "VALUES (?, ?, ?, ?, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) + INTERVAL ? SECOND) "
    "ON DUPLICATE KEY UPDATE owner = VALUES(owner), host = VALUES(host), process = VALUES(process), "
    "started = VALUES(started), alive_until = VALUES(alive_until), stopped = 0";
constexpr char kKeepAlive[] =
    "UPDATE instance SET alive_until = UTC_TIMESTAMP(3) + INTERVAL ? SECOND WHERE name = ? AND owner = ?";
constexpr char kLeave[] =
    "UPDATE instance SET stopped = 1, alive_until = UTC_TIMESTAMP(3) WHERE name = ? AND owner = ?";

constexpr std::int64_t kAliveSeconds = std::chrono::duration_cast<std::chrono::seconds>(NameStore::kAlive).count();

class MariadbNameStore final : public NameStore {
 public:
  MariadbNameStore(MariadbOptions options, const Owner& owner)
      : options_(std::move(options)), name_(owner.instance), owner_(to_string(owner)) {}

  [[nodiscard]] Status connect() override {
    db_.reset();
    auto opened = Connection::open(options_);
    if (!opened.ok()) return opened.error();
    db_ = std::move(*opened);
    return ok_status();
  }
  [[nodiscard]] bool connected() const override { return db_ && db_->alive(); }
  void disconnect() override { db_.reset(); }

  [[nodiscard]] Result<bool> lock() override {
    const Rows got = db_->ask(sql(kTry, name_));
    if (auto failure = db_->take_failure()) return failure->error;
    return got.boolean(0, 0);
  }
  [[nodiscard]] Result<std::optional<Holder>> holder() override {
    const Rows who = db_->ask(sql(kWho, name_));
    if (auto failure = db_->take_failure()) return failure->error;
    if (who.size() == 0) return std::optional<Holder>();
    return std::optional(Holder{who.string(0, 0), who.string(0, 1), who.small(0, 2), who.time(0, 3), who.boolean(0, 4),
                                who.boolean(0, 5)});
  }
  [[nodiscard]] Status sign(const std::string& host, int process) override {
    return write(sql(kSign, name_, owner_, host, process, kAliveSeconds));
  }
  [[nodiscard]] Status keep_alive() override { return write(sql(kKeepAlive, kAliveSeconds, name_, owner_)); }
  [[nodiscard]] Status leave() override { return write(sql(kLeave, name_, owner_)); }

 private:
  Status write(std::string statement) {
    db_->ask(std::move(statement));
    if (auto failure = db_->take_failure()) return failure->error;
    return ok_status();
  }

  const MariadbOptions options_;
  const std::string name_;
  const std::string owner_;
  std::unique_ptr<Connection> db_;
};

}  // namespace

std::unique_ptr<NameStore> make_name_store(const MariadbOptions& options, const Owner& owner) {
  return std::make_unique<MariadbNameStore>(options, owner);
}

}  // namespace waybill::mariadb
