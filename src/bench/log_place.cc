#include "bench/log_place.h"

#include <utility>

#include "app/shared_logs.h"

namespace waybill::bench {
namespace {

std::optional<std::int64_t> written(const app::Config& config) {
  if (!config.message_log.shared()) return std::nullopt;
  return app::kind_of(config.message_log).wal_bytes(app::shared_log_options(config.message_log));
}

std::optional<std::int64_t> statements(const app::Config& config) {
  if (!config.message_log.shared()) return std::nullopt;
  return app::kind_of(config.message_log).statements();
}

}  // namespace

Result<LogPlace> LogPlace::make(const app::Config& configured, const std::string& directory) {
  LogPlace place;
  if (!configured.message_log.shared()) {
    place.url_ = "sqlite:" + directory + "/waybill.db";
    return place;
  }
  auto database = app::kind_of(configured.message_log)
                      .make_database(app::shared_log_options(configured.message_log), "waybill_bench");
  if (!database.ok()) return database.error();
  place.database_ = std::move(*database);
  place.url_ = place.database_->url();
  return place;
}

std::string kind_of_log(const app::Config& config) {
  return config.message_log.shared() ? std::string(app::kind_of(config.message_log).word()) : "sqlite";
}

StatementMeter::StatementMeter(const app::Config& config) : config_(config), before_(statements(config)) {}

std::optional<std::int64_t> StatementMeter::count() const {
  const auto after = statements(config_);
  return before_ && after ? std::optional(*after - *before_) : std::nullopt;
}

WalMeter::WalMeter(const app::Config& config) : config_(config), before_(written(config)) {}

std::optional<std::int64_t> WalMeter::bytes() const {
  const auto after = written(config_);
  return before_ && after ? std::optional(*after - *before_) : std::nullopt;
}

}  // namespace waybill::bench
