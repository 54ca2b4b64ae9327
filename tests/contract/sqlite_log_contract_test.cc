// SQLite keeps the contract of the message log.
#include "log/headers_json.h"
#include "log/sqlite/sqlite_log.h"
#include "log/sqlite/sqlite_reader.h"
#include "tests/contract/log_suite.h"
#include "tests/unit/log/sqlite_files.h"

namespace waybill::contract {
namespace {

template <class T>
std::unique_ptr<T> opened(Result<std::unique_ptr<T>> result) {
  if (!result.ok()) throw std::runtime_error(result.error().message);
  return std::move(result).value();
}

class SqliteUnderTest final : public LogUnderTest {
 public:
  explicit SqliteUnderTest(WallClock& clock)
      : options_{.path = directory_.file("log.db"), .clock = clock},
        log_(opened(SqliteLog::open(options_))),
        reader_(opened(SqliteReader::open(options_))),
        stranger_(options_.path) {}

  MessageLog& log() override { return *log_; }
  MessageReader& reader() override { return *reader_; }

  Status insert_foreign(const ForeignRow& row) override {
    std::string columns = "msg_id, msg, exchange, routing_key, content_type";
    std::string values = quoted(row.id) + "," + quoted(row.msg) + "," + quoted(row.route.exchange) + "," +
                         quoted(row.route.routing_key) + "," + quoted(row.content_type);
    if (const auto headers = headers_to_json(row.headers)) {
      columns += ", headers";
      values += "," + quoted(*headers);
    }
    if (row.rest) {
      columns += ", status, try_count, next_try_time, create_time, update_time";
      for (const std::int64_t value :
           {std::int64_t{row.rest->status}, std::int64_t{row.rest->try_count}, to_millis(row.rest->next_try_time),
            to_millis(row.rest->create_time), to_millis(row.rest->update_time)}) {
        values += "," + std::to_string(value);
      }
    }
    return stranger_.run("INSERT INTO msg_log (" + columns + ") VALUES (" + values + ")");
  }

 private:
  TemporaryDirectory directory_;
  SqliteOptions options_;
  std::unique_ptr<SqliteLog> log_;
  std::unique_ptr<SqliteReader> reader_;
  StrangerDatabase stranger_;
};

const bool kRegistered = register_log_suite("SqliteLog", [](WallClock& clock) -> std::unique_ptr<LogUnderTest> {
  return std::make_unique<SqliteUnderTest>(clock);
});

}  // namespace
}  // namespace waybill::contract
