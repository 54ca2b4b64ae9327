#include "bench/stored_rows.h"

#include <gtest/gtest.h>

#include "app/store.h"
#include "bench/bench_config.h"
#include "tests/unit/bench/scratch_folder.h"

namespace waybill::bench {
namespace {

class StoredRowsTest : public ::testing::Test {
 protected:
  StoredRowsTest() {
    app::ConfigSources sources;
    sources.file = "/dev/null";
    auto config = load_in(sources, {folder_.path(), "", ""});
    if (!config.ok()) ADD_FAILURE() << config.error().message;
    config_ = *config;
  }

  Status fill(std::int64_t count) { return fill_with_stored_rows(config_, {count, 100}, watch_); }

  std::int64_t consumed() {
    auto store = app::open_store(config_, clock_, {"test", {1}});
    if (!store.ok()) return -1;
    const auto stats = store->reader->stats();
    return stats.ok() ? stats->rows_by_state[static_cast<std::size_t>(State::kConsumed)] : -1;
  }

  const ScratchFolder folder_;
  const SystemWallClock clock_;
  app::Config config_;
  RunWatch watch_;
};

TEST_F(StoredRowsTest, TheLogHoldsWhatWasAskedFor) {
  const Status filled = fill(12'345);
  ASSERT_TRUE(filled.ok()) << filled.error().message;
  EXPECT_EQ(consumed(), 12'345);
}

TEST_F(StoredRowsTest, AFurtherFillAddsOnlyWhatIsMissing) {
  ASSERT_TRUE(fill(5'000).ok());
  ASSERT_TRUE(fill(4'000).ok());
  EXPECT_EQ(consumed(), 5'000);
  ASSERT_TRUE(fill(20'000).ok());
  EXPECT_EQ(consumed(), 20'000);
}

TEST_F(StoredRowsTest, TheyReadAsRowsThatAreOver) {
  ASSERT_TRUE(fill(10).ok());
  auto store = app::open_store(config_, clock_, {"test", {1}});
  ASSERT_TRUE(store.ok());
  ListFilter filter;
  filter.limit = 20;
  const auto page = store->reader->list(filter);
  ASSERT_TRUE(page.ok()) << page.error().message;
  ASSERT_EQ(page->rows.size(), 10U);
  for (const Row& row : page->rows) {
    const auto found = store->reader->find(row.message.id, /*with_body=*/true);
    ASSERT_TRUE(found.ok() && *found);
    EXPECT_EQ((*found)->message.body.size(), 100U);
    EXPECT_EQ((*found)->status, State::kConsumed);
    EXPECT_LT((*found)->create_time, clock_.now());
    EXPECT_GT((*found)->create_time, clock_.now() - std::chrono::hours(24 * 3));
  }
}

TEST_F(StoredRowsTest, ALogThatIsHeldIsLeftAlone) {
  ASSERT_TRUE(fill(1).ok());
  const auto store = app::open_store(config_, clock_, {"test", {1}});
  ASSERT_TRUE(store.ok());
  const Status refused = fill(10);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().what, ErrorClass::kConflict);
}

TEST_F(StoredRowsTest, MoreThanTheDiskHoldsIsRefusedAtOnce) {
  const Status refused = fill(1'000'000'000'000);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find("--stored"), std::string::npos) << refused.error().message;
}

}  // namespace
}  // namespace waybill::bench
