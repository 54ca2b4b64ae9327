// The reading side of the SQLite log, on a connection of its own that cannot write.
#pragma once

#include <memory>
#include <mutex>

#include "log/sqlite/sqlite_options.h"
#include "ports/message_log.h"

namespace waybill {

namespace sqlite {
class Connection;
}

/// Any thread; calls wait for each other. After an I/O error the next call opens the file anew.
class SqliteReader final : public MessageReader {
 public:
  /// The log must exist and be migrated: open SqliteLog first. Errors: kPermanent with a sentence for a person, kRetry.
  [[nodiscard]] static Result<std::unique_ptr<SqliteReader>> open(const SqliteOptions& options);
  ~SqliteReader() override;

  [[nodiscard]] Result<std::optional<Row>> find(const MessageId& id, bool with_body) override;
  [[nodiscard]] Result<std::vector<MessageEvent>> events(const MessageId& id) override;
  [[nodiscard]] Result<std::vector<RecordedRecipient>> recipients(const MessageId& id) override;
  /// Looks at no more than 10,000 rows for a page, and at none after 20 ms.
  [[nodiscard]] Result<ListPage> list(const ListFilter& filter) override;
  /// Also kRetry when rows had to be looked at one by one for longer than 2 s.
  [[nodiscard]] Result<std::int64_t> count(const MessageFilter& where, std::int64_t most) override;
  [[nodiscard]] Result<LogStats> stats() override;

 private:
  explicit SqliteReader(const SqliteOptions& options);
  template <class Read>
  auto read(const Read& query) -> Result<decltype(query(std::declval<sqlite::Connection&>()))>;
  [[nodiscard]] Status connect();

  const SqliteOptions options_;
  std::string identity_;  // of the log; set before the first list and the same ever after
  std::mutex mutex_;
  std::unique_ptr<sqlite::Connection> db_;  // guarded by mutex_; null: to be opened by the next call
};

}  // namespace waybill
