// Listens to `NOTIFY waybill`, by which programs tell that they have committed something (docs/outbox.md).
#pragma once

#include <functional>
#include <memory>

#include "log/postgres/postgres_options.h"
#include "log/shared_log.h"

namespace waybill::postgres {

/// See SharedLogKind::hear_news.
[[nodiscard]] std::unique_ptr<CommitNews> hear_news(PostgresOptions options, std::function<void()> on_news);

}  // namespace waybill::postgres
