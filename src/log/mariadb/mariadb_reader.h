// Reads a MariaDB log on a connection of its own. Any thread; calls wait for each other.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "log/mariadb/mariadb_options.h"
#include "ports/message_log.h"

namespace waybill {

namespace mariadb {
class Connection;
}

class MariadbReader final : public MessageReader {
 public:
  /// Errors: kPermanent (no message log, another program's, older or newer), kRetry. `options` is copied.
  [[nodiscard]] static Result<std::unique_ptr<MariadbReader>> open(const MariadbOptions& options);
  ~MariadbReader() override;

  [[nodiscard]] Result<std::optional<Row>> find(const MessageId& id, bool with_body) override;
  [[nodiscard]] Result<std::vector<MessageEvent>> events(const MessageId& id) override;
  [[nodiscard]] Result<std::vector<RecordedRecipient>> recipients(const MessageId& id) override;
  [[nodiscard]] Result<ListPage> list(const ListFilter& filter) override;
  [[nodiscard]] Result<std::int64_t> count(const MessageFilter& where, std::int64_t most) override;
  [[nodiscard]] Result<LogStats> stats() override;

 private:
  explicit MariadbReader(MariadbOptions options);
  Status connect();
  Status begin();
  template <class Read>
  auto read(const Read& query) -> Result<decltype(query(std::declval<mariadb::Connection&>()))>;

  const MariadbOptions options_;
  std::mutex mutex_;
  std::unique_ptr<mariadb::Connection> db_;  // guarded by mutex_; null: to be made by the next call
  std::string identity_;                     // guarded by mutex_
};

}  // namespace waybill
