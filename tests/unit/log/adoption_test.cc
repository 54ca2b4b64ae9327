// The order of an adoption's steps, over a classic table in memory whose answers can be lost.
#include "log/adoption.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace waybill {
namespace {

using Kind = ClassicColumn::Kind;

std::vector<ClassicColumn> nine_columns() {
  std::vector<ClassicColumn> columns;
  for (const char* name : {"msg_id", "msg", "exchange", "routing_key"}) columns.push_back({name, "text", Kind::kText});
  for (const char* name : {"status", "try_count"}) columns.push_back({name, "int", Kind::kInteger});
  for (const char* name : {"next_try_time", "create_time", "update_time"}) {
    columns.push_back({name, "datetime", Kind::kTime});
  }
  return columns;
}

Error lost() { return make_error(ErrorClass::kRetry, "the answer was lost"); }

/// Ids and their status.
class ClassicInMemory final : public ClassicTable {
 public:
  std::map<std::string, int> classic{{"a", 3}, {"b", 1}, {"c", 0}};
  std::set<std::string> taken;
  bool is_exchanged = false;
  bool is_marked = false;
  bool is_gone = false;
  std::string served_by;
  bool was_marked_when_asked_who_serves = false;
  int exchanges = 0;
  // The work is done, and its answer lost.
  bool loses_exchange = false;
  bool loses_move = false;
  bool loses_end = false;
  std::map<std::string, int> log;  ///< what has moved
  std::string taken_before_move;   ///< this id, by a producer

  Result<ClassicLook> look() override {
    ClassicLook look;
    look.log = nine_columns();
    look.log_is_ours = is_exchanged;
    if (is_exchanged && !is_gone) look.classic = nine_columns();
    if (is_marked) look.begun = ClassicLook::Begun{"UTC", std::nullopt, look.store_now};
    return look;
  }
  Result<std::vector<ClassicCount>> count(bool, WallTime) override { return std::vector<ClassicCount>(); }
  Result<bool> lock() override { return true; }
  Result<std::string> serving() override {
    was_marked_when_asked_who_serves = is_marked;
    return served_by;
  }
  Status exchange() override {
    ++exchanges;
    is_exchanged = is_marked = true;
    return std::exchange(loses_exchange, false) ? Status(lost()) : ok_status();
  }
  Status begin() override {
    is_marked = true;
    return ok_status();
  }
  Status forget() override {
    is_marked = false;
    return ok_status();
  }
  Result<std::vector<ClassicRow>> next(const std::optional<std::string>& after, int) override {
    std::vector<ClassicRow> rows;
    for (const auto& [id, status] : classic) {
      if (after && id <= *after) continue;
      ClassicRow row{.key = id, .id = id, .status = status, .route = {"ex", "key"}, .bytes = 1, .has_route = true};
      row.is_taken = taken.contains(id);
      rows.push_back(std::move(row));
    }
    return rows;
  }
  Result<ClassicMoved> move(const std::vector<std::string>& keys, std::optional<WallTime>) override {
    if (!taken_before_move.empty()) taken.insert(std::exchange(taken_before_move, {}));
    ClassicMoved moved;
    for (const std::string& key : keys) {
      if (taken.contains(key)) continue;
      ++(classic.at(key) == 3 ? moved.consumed : moved.held);
      log.insert(classic.extract(key));
    }
    return std::exchange(loses_move, false) ? Result<ClassicMoved>(lost()) : moved;
  }
  Result<ClassicMoved> moved(const std::vector<std::string>& keys) override {
    ClassicMoved moved;
    for (const std::string& key : keys) ++(log.at(key) == 3 ? moved.consumed : moved.held);
    return moved;
  }
  Result<bool> end() override {
    is_marked = false;
    is_gone = classic.empty();
    return std::exchange(loses_end, false) ? Result<bool>(lost()) : is_gone;
  }
};

AdoptTerms terms() { return {*TimeZone::find("UTC")}; }
bool go_on(std::int64_t) { return true; }

TEST(Adoption, ExchangeWhoseAnswerIsLostIsNotDoneAgain) {
  ClassicInMemory table;
  table.loses_exchange = true;
  const auto report = adopt(table, terms(), go_on);
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_EQ(table.exchanges, 1);
  EXPECT_EQ(report->moved.consumed, 1);
  EXPECT_EQ(report->moved.held, 2);
  EXPECT_TRUE(table.is_gone && !table.is_marked);
}

TEST(Adoption, RowsWhoseMoveIsLostAreCountedAllTheSame) {
  ClassicInMemory table;
  table.loses_move = true;
  const auto report = adopt(table, terms(), go_on);
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_EQ(report->moved.consumed, 1);
  EXPECT_EQ(report->moved.held, 2);
}

TEST(Adoption, EndWhoseAnswerIsLostIsDoneAgain) {
  ClassicInMemory table;
  table.loses_end = true;
  const auto report = adopt(table, terms(), go_on);
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_EQ(report->left, 0);
}

TEST(Adoption, RowWhoseIdIsTakenWhileItMovesIsToldAsLeft) {
  ClassicInMemory table;
  table.taken_before_move = "b";
  const auto report = adopt(table, terms(), go_on);
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_EQ(report->moved.consumed + report->moved.held, 2);
  ASSERT_EQ(report->left, 1);
  EXPECT_EQ(report->left_because.front().first, "b");
  EXPECT_FALSE(table.is_gone);
}

TEST(Adoption, SaysThatItGoesOnBeforeItLooksWhoServes) {
  ClassicInMemory table;
  table.is_exchanged = true;
  ASSERT_TRUE(adopt(table, terms(), go_on).ok());
  EXPECT_TRUE(table.was_marked_when_asked_who_serves);
}

TEST(Adoption, ThatIsRefusedForAnInstanceLeavesNoMark) {
  ClassicInMemory table;
  table.is_exchanged = true;
  table.served_by = "the instance one";
  const auto refused = adopt(table, terms(), go_on);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().what, ErrorClass::kConflict);
  EXPECT_FALSE(table.is_marked);
  EXPECT_EQ(table.classic.size(), 3U);
}

TEST(Adoption, ThatWasBrokenOffKeepsItsMarkWhenItIsRefused) {
  ClassicInMemory table;
  table.is_exchanged = table.is_marked = true;
  table.served_by = "the instance one";
  ASSERT_FALSE(adopt(table, terms(), go_on).ok());
  EXPECT_TRUE(table.is_marked);
}

}  // namespace
}  // namespace waybill
