#include "log/postgres/postgres_logs.h"

#include <utility>

#include "log/postgres/classic.h"
#include "log/postgres/commit_news.h"
#include "log/postgres/connection.h"
#include "log/postgres/database.h"
#include "log/postgres/inspect.h"
#include "log/postgres/name_store.h"
#include "log/postgres/postgres_log.h"
#include "log/postgres/postgres_reader.h"
#include "log/postgres/scale_aid.h"
#include "log/postgres/url.h"

namespace waybill {
namespace {

PostgresOptions options_of(const SharedLogOptions& shared) {
  PostgresOptions options;
  options.url = shared.url;
  options.password = shared.password;
  options.admit = shared.admit;
  options.counted = shared.counted;
  options.patience = shared.patience;
  return options;
}

class PostgresLogs final : public SharedLogKind {
 public:
  [[nodiscard]] std::string_view word() const override { return "postgres"; }
  [[nodiscard]] const char* variable() const override { return "WAYBILL_POSTGRES"; }
  [[nodiscard]] std::string_view form() const override { return "postgresql://USER:PASSWORD@HOST:PORT/DATABASE"; }
  [[nodiscard]] bool is_url(std::string_view text) const override { return is_postgres_url(text); }
  [[nodiscard]] Status check_url(const std::string& url) const override { return check_postgres_url(url); }
  [[nodiscard]] std::string mask_url(std::string_view url) const override { return mask_postgres_url(url); }

  [[nodiscard]] Result<std::unique_ptr<SharedLog>> open(const SharedLogOptions& options) const override {
    auto log = PostgresLog::open(options_of(options));
    if (!log.ok()) return log.error();
    return std::unique_ptr<SharedLog>(std::move(*log));
  }
  [[nodiscard]] Result<std::unique_ptr<MessageReader>> open_reader(const SharedLogOptions& options) const override {
    auto reader = PostgresReader::open(options_of(options));
    if (!reader.ok()) return reader.error();
    return std::unique_ptr<MessageReader>(std::move(*reader));
  }
  [[nodiscard]] Result<std::unique_ptr<InstanceHold>> hold_name(
      const SharedLogOptions& options, const Owner& owner, std::function<void(const Error&)> on_lost) const override {
    return waybill::hold_name(postgres::make_name_store(options_of(options), owner), owner, std::move(on_lost));
  }
  [[nodiscard]] bool has_commit_news() const override { return true; }
  [[nodiscard]] std::unique_ptr<CommitNews> hear_news(const SharedLogOptions& options,
                                                      std::function<void()> on_news) const override {
    return postgres::hear_news(options_of(options), std::move(on_news));
  }
  [[nodiscard]] Result<SharedLogFacts> inspect(const SharedLogOptions& options) const override {
    return inspect_postgres(options_of(options));
  }
  [[nodiscard]] Status migrate(const SharedLogOptions& options) const override {
    return migrate_postgres(options_of(options));
  }
  [[nodiscard]] Result<std::unique_ptr<ClassicTable>> open_classic(const SharedLogOptions& options,
                                                                   const AdoptTerms& terms) const override {
    return postgres::open_classic(options_of(options), terms);
  }
  [[nodiscard]] Result<std::unique_ptr<ScaleAid>> scale_aid(const SharedLogOptions& options) const override {
    return postgres::make_scale_aid(options_of(options));
  }
  [[nodiscard]] Result<std::unique_ptr<OwnDatabase>> make_database(const SharedLogOptions& server,
                                                                   const std::string& prefix) const override {
    return make_postgres_database(options_of(server), prefix);
  }
  [[nodiscard]] std::optional<std::int64_t> wal_bytes(const SharedLogOptions& server) const override {
    return postgres_wal_bytes(options_of(server));
  }
  [[nodiscard]] std::int64_t statements() const override { return postgres::Connection::statements(); }
};

}  // namespace

const SharedLogKind& postgres_logs() {
  static const PostgresLogs kKind;
  return kKind;
}

}  // namespace waybill
