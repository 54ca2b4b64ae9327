// One SQLite log in a directory of its own, on a clock that a test sets, with everyday writes.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "log/sqlite/sqlite_log.h"
#include "log/sqlite/sqlite_reader.h"
#include "tests/unit/log/sqlite_files.h"

namespace waybill {

class StillClock final : public WallClock {
 public:
  [[nodiscard]] WallTime now() const override { return now_; }
  void advance(Duration by) { now_ += by; }

 private:
  WallTime now_ = SystemWallClock().now();
};

class SqliteLogFixture : public testing::Test {
 protected:
  [[nodiscard]] const std::string& path() const { return options_.path; }
  [[nodiscard]] Result<std::unique_ptr<SqliteLog>> try_open() { return SqliteLog::open(options_); }
  /// Opens `log_`; whatever held it before is closed first.
  void open();
  void close() { log_.reset(); }
  /// For tests that need no reader all the time: opened for one look.
  [[nodiscard]] std::optional<Row> find(const std::string& id, bool with_body = false);
  [[nodiscard]] std::vector<MessageEvent> events(const std::string& id);

  [[nodiscard]] Append append(const std::string& id);
  [[nodiscard]] Take take() const;
  [[nodiscard]] Claim claim(const std::string& id);
  /// One write in a commit of its own, which must succeed.
  template <class A, class W>
  A apply(const W& write) {
    const Write writes[] = {Write(write)};
    auto committed = log_->commit(writes);
    if (!committed.ok()) throw std::runtime_error("the commit failed: " + committed.error().message);
    auto& answer = committed->answers.front();
    if (!answer.ok()) throw std::runtime_error("the write failed: " + answer.error().message);
    return std::get<A>(std::move(answer).value());
  }
  /// The error of a commit that must fail.
  [[nodiscard]] Error failing(const std::vector<Write>& writes);

  TemporaryDirectory directory_;
  StillClock clock_;
  SqliteOptions options_{.path = directory_.file("log.db"), .clock = clock_, .busy_timeout = Duration(50)};
  std::unique_ptr<SqliteLog> log_;
  std::uint64_t last_token_ = 0;
};

}  // namespace waybill
