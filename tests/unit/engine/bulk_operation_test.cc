// What one verb for many messages answers when the log fails on the way: an error that says `nothing happened` only if
// nothing did.
#include "engine/bulk_operation.h"

#include <gtest/gtest.h>

#include "tests/unit/engine/engine_hands.h"

namespace waybill {
namespace {

const Error kUnread = make_error(ErrorClass::kRetry, "cannot be read");
const Error kFull = make_error(ErrorClass::kOverload, "too many writes");

ListPage page_of(const std::vector<std::string>& ids, const std::string& next_cursor) {
  ListPage page;
  for (const std::string& id : ids) page.rows.emplace_back().message.id.value = id;
  page.next_cursor = next_cursor;
  return page;
}

class BulkOperationTest : public ::testing::Test {
 protected:
  /// Reads these pages, one after the other.
  void start(std::vector<Result<ListPage>> pages) {
    BulkOperation::Plan plan;
    plan.selection.limit = 100;
    plan.write_for = [](const MessageId& id, int) { return Cancel{id}; };
    plan.end = world_.now() + Duration{60'000};
    plan.deadline = plan.end;
    const auto read = [pages = std::move(pages), next = std::size_t{0}](const ListFilter&, const auto& done) mutable {
      done(pages.at(next++));
    };
    std::make_shared<BulkOperation>(loop_, lane_, read, std::move(plan), [this](Result<BulkReport> report) {
      report_ = std::move(report);
    })->start();
  }
  void answer(Result<Answer> answer) {
    auto asked = lane_.take<Cancel>();
    ASSERT_TRUE(asked);
    asked->done(std::move(answer));
  }
  static Answer applied() { return VerbAnswer{VerbAnswer::Kind::kApplied, State::kCancelled}; }

  SimWorld world_;
  SimNode& loop_ = world_.add_node("me");
  HandLane lane_;
  std::optional<Result<BulkReport>> report_;
};

TEST_F(BulkOperationTest, AnErrorBeforeAnythingWasDoneIsToldAsItIs) {
  start({kUnread});
  EXPECT_EQ(report_.value().error().what, ErrorClass::kRetry);
  start({page_of({"1", "2"}, "")});
  answer(kFull);
  answer(kFull);
  EXPECT_EQ(report_.value().error().what, ErrorClass::kOverload);
}

TEST_F(BulkOperationTest, APageThatCannotBeReadEndsWithWhatWasDone) {
  start({page_of({"1"}, "c1"), kUnread});
  answer(applied());
  ASSERT_TRUE(report_.value().ok());
  EXPECT_EQ((*report_)->changed, 1);
  EXPECT_EQ((*report_)->next_cursor, "c1");
}

TEST_F(BulkOperationTest, ARefusalAfterSomethingWasDoneLeavesItInDoubt) {
  start({page_of({"1", "2"}, "")});
  answer(kFull);
  answer(applied());
  EXPECT_EQ(report_.value().error().what, ErrorClass::kInDoubt);
  start({page_of({"1"}, "c1"), page_of({"2"}, "")});
  answer(applied());
  answer(kFull);
  EXPECT_EQ(report_.value().error().what, ErrorClass::kInDoubt);
}

TEST_F(BulkOperationTest, DoubtIsToldBeforeAnyOtherError) {
  start({page_of({"1", "2"}, "")});
  answer(kFull);
  answer(make_error(ErrorClass::kInDoubt, "no answer"));
  EXPECT_EQ(report_.value().error().what, ErrorClass::kInDoubt);
}

}  // namespace
}  // namespace waybill
