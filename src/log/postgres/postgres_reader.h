// Reads a PostgreSQL log on a connection of its own. Any thread; calls wait for each other.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "log/postgres/postgres_options.h"
#include "ports/message_log.h"

namespace waybill {

namespace postgres {
class Connection;
}

class PostgresReader final : public MessageReader {
 public:
  /// Errors: kPermanent (no message log, another program's, older or newer), kRetry. `options` is copied.
  [[nodiscard]] static Result<std::unique_ptr<PostgresReader>> open(const PostgresOptions& options);
  ~PostgresReader() override;

  [[nodiscard]] Result<std::optional<Row>> find(const MessageId& id, bool with_body) override;
  [[nodiscard]] Result<std::vector<MessageEvent>> events(const MessageId& id) override;
  [[nodiscard]] Result<std::vector<RecordedRecipient>> recipients(const MessageId& id) override;
  [[nodiscard]] Result<ListPage> list(const ListFilter& filter) override;
  [[nodiscard]] Result<std::int64_t> count(const MessageFilter& where, std::int64_t most) override;
  [[nodiscard]] Result<LogStats> stats() override;

 private:
  explicit PostgresReader(PostgresOptions options);
  Status connect();
  template <class Read>
  auto read(const Read& query) -> Result<decltype(query(std::declval<postgres::Connection&>()))>;

  const PostgresOptions options_;
  std::mutex mutex_;
  std::unique_ptr<postgres::Connection> db_;  // guarded by mutex_; null: to be made by the next call
  std::string identity_;                      // guarded by mutex_
};

}  // namespace waybill
