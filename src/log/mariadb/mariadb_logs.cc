#include "log/mariadb/mariadb_logs.h"

#include <utility>

#include "log/mariadb/classic.h"
#include "log/mariadb/connection.h"
#include "log/mariadb/database.h"
#include "log/mariadb/inspect.h"
#include "log/mariadb/mariadb_log.h"
#include "log/mariadb/mariadb_reader.h"
#include "log/mariadb/mariadb_url.h"
#include "log/mariadb/name_store.h"
#include "log/mariadb/scale_aid.h"

namespace waybill {
namespace {

MariadbOptions options_of(const SharedLogOptions& shared) {
  MariadbOptions options;
  options.url = shared.url;
  options.password = shared.password;
  options.admit = shared.admit;
  options.counted = shared.counted;
  options.patience = shared.patience;
  return options;
}

class MariadbLogs final : public SharedLogKind {
 public:
  [[nodiscard]] std::string_view word() const override { return "mariadb"; }
  [[nodiscard]] const char* variable() const override { return "WAYBILL_MARIADB"; }
  [[nodiscard]] std::string_view form() const override { return "mariadb://USER:PASSWORD@HOST:PORT/DATABASE"; }
  [[nodiscard]] bool is_url(std::string_view text) const override { return is_mariadb_url(text); }
  [[nodiscard]] Status check_url(const std::string& url) const override {
    auto parsed = parse_mariadb_url(url);
    return parsed.ok() ? ok_status() : Status(parsed.error());
  }
  [[nodiscard]] std::string mask_url(std::string_view url) const override { return mask_mariadb_url(url); }

  [[nodiscard]] Result<std::unique_ptr<SharedLog>> open(const SharedLogOptions& options) const override {
    auto log = MariadbLog::open(options_of(options));
    if (!log.ok()) return log.error();
    return std::unique_ptr<SharedLog>(std::move(*log));
  }
  [[nodiscard]] Result<std::unique_ptr<MessageReader>> open_reader(const SharedLogOptions& options) const override {
    auto reader = MariadbReader::open(options_of(options));
    if (!reader.ok()) return reader.error();
    return std::unique_ptr<MessageReader>(std::move(*reader));
  }
  [[nodiscard]] Result<std::unique_ptr<InstanceHold>> hold_name(
      const SharedLogOptions& options, const Owner& owner, std::function<void(const Error&)> on_lost) const override {
    return waybill::hold_name(mariadb::make_name_store(options_of(options), owner), owner, std::move(on_lost));
  }
  [[nodiscard]] bool has_commit_news() const override { return false; }
  [[nodiscard]] std::unique_ptr<CommitNews> hear_news(const SharedLogOptions&, std::function<void()>) const override {
    return nullptr;
  }
  [[nodiscard]] Result<SharedLogFacts> inspect(const SharedLogOptions& options) const override {
    return inspect_mariadb(options_of(options));
  }
  [[nodiscard]] Status migrate(const SharedLogOptions& options) const override {
    return migrate_mariadb(options_of(options));
  }
  [[nodiscard]] Result<std::unique_ptr<ClassicTable>> open_classic(const SharedLogOptions& options,
                                                                   const AdoptTerms& terms) const override {
    return mariadb::open_classic(options_of(options), terms);
  }
  [[nodiscard]] Result<std::unique_ptr<ScaleAid>> scale_aid(const SharedLogOptions& options) const override {
    return mariadb::make_scale_aid(options_of(options));
  }
  [[nodiscard]] Result<std::unique_ptr<OwnDatabase>> make_database(const SharedLogOptions& server,
                                                                   const std::string& prefix) const override {
    return make_mariadb_database(options_of(server), prefix);
  }
  [[nodiscard]] std::optional<std::int64_t> wal_bytes(const SharedLogOptions& server) const override {
    return mariadb_wal_bytes(options_of(server));
  }
  [[nodiscard]] std::int64_t statements() const override { return mariadb::Connection::statements(); }
};

}  // namespace

const SharedLogKind& mariadb_logs() {
  static const MariadbLogs kKind;
  return kKind;
}

}  // namespace waybill
