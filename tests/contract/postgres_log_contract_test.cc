// PostgreSQL keeps the contract of the message log: a database of its own on the server that WAYBILL_POSTGRES names.
#include "log/headers_json.h"
#include "log/postgres/postgres_log.h"
#include "log/postgres/postgres_reader.h"
#include "testing/postgres_database.h"
#include "tests/contract/log_suite.h"

namespace waybill::contract {
namespace {

template <class T>
std::unique_ptr<T> opened(Result<std::unique_ptr<T>> result) {
  if (!result.ok()) throw std::runtime_error(result.error().message);
  return std::move(result).value();
}

class PostgresUnderTest final : public LogUnderTest {
 public:
  explicit PostgresUnderTest(WallClock& clock) : options_{.url = emptied_url(), .clock = &clock} {
    log_ = opened(PostgresLog::open(options_));
    reader_ = opened(PostgresReader::open(options_));
  }

  MessageLog& log() override { return *log_; }
  MessageReader& reader() override { return *reader_; }
  bool stores_only_utf8() const override { return true; }

  Status insert_foreign(const ForeignRow& row) override {
    std::string columns = "msg_id, msg, exchange, routing_key, content_type";
    std::vector<std::string> values = {row.id, row.msg, row.route.exchange, row.route.routing_key, row.content_type};
    if (const auto headers = headers_to_json(row.headers)) {
      columns += ", headers";
      values.push_back(*headers);
    }
    if (row.rest) {
      columns += ", status, try_count, next_try_time, create_time, update_time";
      values.push_back(std::to_string(row.rest->status));
      values.push_back(std::to_string(row.rest->try_count));
      for (const WallTime time : {row.rest->next_try_time, row.rest->create_time, row.rest->update_time}) {
        values.push_back(to_rfc3339(time));
      }
    }
    std::string places;
    for (std::size_t i = 1; i <= values.size(); ++i) places += (i > 1 ? ", $" : "$") + std::to_string(i);
    return database().run("INSERT INTO msg_log (" + columns + ") VALUES (" + places + ")", values);
  }

 private:
  static PostgresDatabase& database() {
    static PostgresDatabase one("contract");
    return one;
  }
  static std::string emptied_url() {
    database().empty_log();
    return database().url();
  }

  PostgresOptions options_;
  std::unique_ptr<PostgresLog> log_;
  std::unique_ptr<PostgresReader> reader_;
};

const bool kRegistered = register_log_suite("PostgresLog", [](WallClock& clock) -> std::unique_ptr<LogUnderTest> {
  return std::make_unique<PostgresUnderTest>(clock);
});

}  // namespace
}  // namespace waybill::contract
