// What a take costs, counted in steps of SQLite's virtual machine: they do not depend on the machine that runs the
// test.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "tests/unit/log/sqlite_log_fixture.h"

namespace waybill {
namespace {

/// Counts the steps of every statement of the connections that are opened while it lives. One at a time.
class StepCounter {
 public:
  StepCounter() {
    steps_ = 0;
    sqlite3_auto_extension(reinterpret_cast<void (*)()>(&watch));
  }
  ~StepCounter() { sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(&watch)); }
  StepCounter(const StepCounter&) = delete;
  StepCounter& operator=(const StepCounter&) = delete;

  /// Since the last call.
  static std::int64_t take() { return std::exchange(steps_, 0); }

 private:
  static int watch(sqlite3* database, const char** /*error*/, const sqlite3_api_routines* /*api*/) {
    return sqlite3_trace_v2(database, SQLITE_TRACE_PROFILE, &add, nullptr);
  }
  static int add(unsigned /*kind*/, void* /*context*/, void* statement, void* /*time*/) {
    steps_ += sqlite3_stmt_status(static_cast<sqlite3_stmt*>(statement), SQLITE_STMTSTATUS_VM_STEP, /*resetFlg=*/1);
    return 0;
  }

  static inline std::int64_t steps_ = 0;
};

class SqliteTakeCostTest : public SqliteLogFixture {
 protected:
  static Route route(int number) { return {"events", "customer." + std::to_string(number)}; }

  // A due row of each of as many closed routes, as a wrong key or a missing binding leaves them.
  Take take_of_closed_routes(int routes) {
    std::vector<Write> appends;
    std::vector<Route> closed;
    for (int i = 0; i < routes; ++i) {
      Append write = append("m" + std::to_string(i));
      write.message.route = route(i);
      closed.push_back(write.message.route);
      appends.emplace_back(std::move(write));
    }
    if (!log_->commit(appends).ok()) throw std::runtime_error("the rows could not be appended");
    Take write = take();
    write.closed = std::make_shared<const ClosedRoutes>(std::move(closed), std::vector<Route>());
    return write;
  }
  std::int64_t steps_of_take_of_closed_routes(int routes) {
    options_.path = directory_.file("closed" + std::to_string(routes) + ".db");
    open();
    const Take write = take_of_closed_routes(routes);
    static_cast<void>(StepCounter::take());
    EXPECT_TRUE(apply<TakeAnswer>(write).rows.empty());
    return StepCounter::take();
  }

  StepCounter counter_;
};

TEST_F(SqliteTakeCostTest, ManyClosedRoutesCostATakeNoMoreThanAFewHundred) {
  const auto few = steps_of_take_of_closed_routes(300);
  const auto many = steps_of_take_of_closed_routes(5'000);
  RecordProperty("steps_of_300_routes", static_cast<int>(few));
  RecordProperty("steps_of_5000_routes", static_cast<int>(many));
  EXPECT_GT(few, 0);
  EXPECT_LE(many, few + few / 10);
}

TEST_F(SqliteTakeCostTest, ADueRowBehindManyClosedRoutesIsReachedInOneRound) {
  open();
  Take write = take_of_closed_routes(2'000);
  Append last = append("found");
  last.message.route = {"orders", "created"};
  apply<AppendAnswer>(last);
  int takes = 0;
  for (bool more = true; more; ++takes) {
    const auto answer = apply<TakeAnswer>(write);
    more = answer.more;
    write.after = answer.last_route;
    if (answer.rows.empty()) continue;
    EXPECT_EQ(answer.rows[0].message.id.value, "found");
    EXPECT_FALSE(more) << "it stands behind all others";
  }
  EXPECT_EQ(takes, 8) << "of 256 routes each";
  EXPECT_EQ(find("found")->publish_count, 1);
}

}  // namespace
}  // namespace waybill
