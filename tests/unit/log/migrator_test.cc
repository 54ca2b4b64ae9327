#include "log/migrator.h"

#include <gtest/gtest.h>

namespace waybill {
namespace {

const Migration kFirst{1, "first", "CREATE TABLE a (x)"};
const Migration kSecond{2, "second", "CREATE TABLE b (x)"};
const std::vector<Migration> kBoth = {kFirst, kSecond};

AppliedMigration applied(const Migration& migration) {
  return {migration.number, std::string(migration.name), checksum_of(migration)};
}

TEST(Migrator, AnEmptyStoreNeedsAllInOrder) {
  const auto plan = plan_migrations(kBoth, {});
  ASSERT_TRUE(plan.ok());
  ASSERT_EQ(plan->size(), 2U);
  EXPECT_EQ((*plan)[0].number, 1);
  EXPECT_EQ((*plan)[1].number, 2);
}

TEST(Migrator, AStoreIsBroughtOnFromWhereItIs) {
  const auto plan = plan_migrations(kBoth, std::vector{applied(kFirst)});
  ASSERT_TRUE(plan.ok());
  ASSERT_EQ(plan->size(), 1U);
  EXPECT_EQ((*plan)[0].name, "second");
}

TEST(Migrator, ACurrentStoreNeedsNothing) {
  const auto plan = plan_migrations(kBoth, std::vector{applied(kFirst), applied(kSecond)});
  ASSERT_TRUE(plan.ok());
  EXPECT_TRUE(plan->empty());
}

TEST(Migrator, AStoreOfANewerProgramIsRefusedByName) {
  const auto plan = plan_migrations(std::vector{kFirst}, std::vector{applied(kFirst), applied(kSecond)});
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().what, ErrorClass::kPermanent);
  EXPECT_NE(plan.error().message.find("2 (second)"), std::string::npos) << plan.error().message;
}

TEST(Migrator, AnAlteredMigrationIsRefused) {
  const Migration altered{1, "first", "CREATE TABLE a (x, y)"};
  const auto plan = plan_migrations(kBoth, std::vector{applied(altered)});
  ASSERT_FALSE(plan.ok());
  EXPECT_NE(plan.error().message.find("1 (first)"), std::string::npos) << plan.error().message;
}

TEST(Migrator, AGapInWhatWasAppliedIsRefused) {
  EXPECT_FALSE(plan_migrations(kBoth, std::vector{applied(kSecond)}).ok());
}

}  // namespace
}  // namespace waybill
