#include "cli/selection.h"

#include <gtest/gtest.h>

namespace waybill::cli {
namespace {

TEST(Selection, ReadsWhatWasGiven) {
  SelectionOptions options;
  EXPECT_FALSE(options.given());
  EXPECT_EQ(*options.read(), api::BulkRequest{});
  options = {"dead", {"mail/queue"}, "2026-01-31T09:00:00+01:00"};
  EXPECT_TRUE(options.given());
  const auto selection = options.read();
  ASSERT_TRUE(selection.ok());
  EXPECT_EQ(query_of(*selection), "&status=dead&queue=mail%2Fqueue&since=2026-01-31T08%3A00%3A00.000Z");
  EXPECT_EQ(text_of(*selection, "any"), "dead, queue 'mail/queue', since 2026-01-31T08:00:00.000Z");
}

TEST(Selection, HasTwoEnds) {
  const SelectionOptions options{"", {}, "2026-01-31T08:00:00Z", "2026-01-31T09:00:00Z"};
  EXPECT_TRUE((SelectionOptions{"", {}, "", "2h"}.given()));
  const auto selection = options.read();
  ASSERT_TRUE(selection.ok());
  EXPECT_EQ(query_of(*selection), "&since=2026-01-31T08%3A00%3A00.000Z&until=2026-01-31T09%3A00%3A00.000Z");
  EXPECT_EQ(text_of(*selection, "any"), "any, since 2026-01-31T08:00:00.000Z, before 2026-01-31T09:00:00.000Z");
  EXPECT_TRUE(SelectionOptions({"", {}, "", "soon"}).read().error().message.starts_with("--until: 'soon'"));
  EXPECT_TRUE(SelectionOptions({"", {}, "1h", "2h"}).read().error().message.starts_with("--since is not before"));
}

TEST(Selection, AnEmptyQueueIsThatOfTheExternalOnes) {
  const SelectionOptions options{"", {""}, ""};
  EXPECT_TRUE(options.given());
  EXPECT_EQ(query_of(*options.read()), "&queue=");
  EXPECT_EQ(text_of(*options.read(), "open"), "open, external");
}

TEST(Selection, AStateMayBeItsNumber) { EXPECT_EQ((*SelectionOptions{"5", {}, ""}.read()).status, State::kDead); }

TEST(Selection, NamesTheOptionThatIsWrong) {
  EXPECT_TRUE(SelectionOptions({"lost", {}, ""}).read().error().message.starts_with("--status: "));
  EXPECT_TRUE(SelectionOptions({"", {"a", "b"}, ""}).read().error().message.starts_with("--queue "));
  EXPECT_TRUE(SelectionOptions({"", {}, "yesterday"}).read().error().message.starts_with("--since: 'yesterday'"));
}

TEST(Since, IsATimeOrHowLongAgo) {
  const WallTime now = from_millis(1'769'846'400'000);
  EXPECT_EQ(*parse_since("2h", now), now - std::chrono::hours(2));
  EXPECT_EQ(*parse_since("7d", now), now - std::chrono::hours(7 * 24));
  EXPECT_EQ(*parse_since("2026-01-31T07:59:59Z", now), now - Duration(1'000));
  for (const char* wrong : {"", "-2h", "2", "2w", "2026-01-31"}) EXPECT_FALSE(parse_since(wrong, now).ok()) << wrong;
}

}  // namespace
}  // namespace waybill::cli
