// MariaDB keeps the contract of the message log: a database of its own on the server that WAYBILL_MARIADB names.
#include "log/headers_json.h"
#include "log/mariadb/mariadb_log.h"
#include "log/mariadb/mariadb_reader.h"
#include "testing/mariadb_database.h"
#include "tests/contract/log_suite.h"

namespace waybill::contract {
namespace {

template <class T>
std::unique_ptr<T> opened(Result<std::unique_ptr<T>> result) {
  if (!result.ok()) throw std::runtime_error(result.error().message);
  return std::move(result).value();
}

// As other programs write it: RFC 3339 without its letters.
std::string date(WallTime time) {
  std::string text = to_rfc3339(time);
  text.replace(text.find('T'), 1, " ");
  text.pop_back();
  return text;
}

class MariadbUnderTest final : public LogUnderTest {
 public:
  explicit MariadbUnderTest(WallClock& clock) : options_{.url = emptied_url(), .clock = &clock} {
    log_ = opened(MariadbLog::open(options_));
    reader_ = opened(MariadbReader::open(options_));
  }

  MessageLog& log() override { return *log_; }
  MessageReader& reader() override { return *reader_; }
  bool stores_only_utf8() const override { return true; }

  Status insert_foreign(const ForeignRow& row) override {
    std::string columns = "msg_id, msg, exchange, routing_key, content_type";
    std::string values;
    const auto add = [&](const std::string& value) {
      values += (values.empty() ? "" : ", ") + database().client().quoted(value);
    };
    for (const auto& value : {row.id, row.msg, row.route.exchange, row.route.routing_key, row.content_type}) add(value);
    if (const auto headers = headers_to_json(row.headers)) {
      columns += ", headers";
      add(*headers);
    }
    if (row.rest) {
      columns += ", status, try_count, next_try_time, create_time, update_time";
      add(std::to_string(row.rest->status));
      add(std::to_string(row.rest->try_count));
      for (const WallTime time : {row.rest->next_try_time, row.rest->create_time, row.rest->update_time}) {
        add(date(time));
      }
    }
    return database().run("INSERT INTO msg_log (" + columns + ") VALUES (" + values + ")");
  }

 private:
  static MariadbDatabase& database() {
    static MariadbDatabase one("contract");
    return one;
  }
  static std::string emptied_url() {
    database().empty_log();
    return database().url();
  }

  MariadbOptions options_;
  std::unique_ptr<MariadbLog> log_;
  std::unique_ptr<MariadbReader> reader_;
};

const bool kRegistered = register_log_suite("MariadbLog", [](WallClock& clock) -> std::unique_ptr<LogUnderTest> {
  return std::make_unique<MariadbUnderTest>(clock);
});

}  // namespace
}  // namespace waybill::contract
