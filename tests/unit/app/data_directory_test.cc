#include "app/data_directory.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace waybill::app {
namespace {

class DataDirectoryTest : public ::testing::Test {
 protected:
  DataDirectoryTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "waybill-data-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~DataDirectoryTest() override { std::filesystem::remove_all(folder_); }

  std::string folder_;
};

TEST_F(DataDirectoryTest, ADirectoryIsMadeWithWhatLeadsToItAndLeftEmpty) {
  const std::string path = folder_ + "/a/b/c";
  ASSERT_TRUE(prepare_directory(path).ok());
  ASSERT_TRUE(prepare_directory(path).ok()) << "one that exists is fine";
  EXPECT_TRUE(std::filesystem::is_empty(path));
}

TEST_F(DataDirectoryTest, AFileInItsPlaceIsTold) {
  std::ofstream(folder_ + "/file") << "x";
  for (const std::string& path : {folder_ + "/file", folder_ + "/file/below"}) {
    const auto made = prepare_directory(path);
    ASSERT_FALSE(made.ok());
    EXPECT_NE(made.error().message.find(path + " is not a directory"), std::string::npos) << made.error().message;
    EXPECT_NE(made.error().message.find("data.dir"), std::string::npos);
  }
}

TEST_F(DataDirectoryTest, APlaceThatTakesNoDirectoryIsTold) {
  const auto made = prepare_directory("/proc/waybill-cannot-be-made");
  ASSERT_FALSE(made.ok());
  EXPECT_NE(made.error().message.find("/proc/waybill-cannot-be-made"), std::string::npos);
}

TEST_F(DataDirectoryTest, ANameIsDrawnOnceAndKept) {
  auto first = InstanceFile::read(folder_);
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/instance")) << "nothing is kept before the log is held";
  ASSERT_TRUE(first->record({"log-a", 1}).ok());
  auto second = InstanceFile::read(folder_);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->name(), first->name());
  std::filesystem::remove(folder_ + "/instance");
  auto third = InstanceFile::read(folder_);
  ASSERT_TRUE(third.ok());
  EXPECT_NE(third->name(), first->name());
}

TEST_F(DataDirectoryTest, ALogThatWentBackInTimeIsRefused) {
  auto file = InstanceFile::read(folder_);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(file->record({"log-a", 7}).ok());
  for (const std::int64_t older : {1, 6, 7}) {
    auto again = InstanceFile::read(folder_);
    ASSERT_TRUE(again.ok());
    const auto recorded = again->record({"log-a", older});
    ASSERT_FALSE(recorded.ok()) << older;
    EXPECT_EQ(recorded.error().what, ErrorClass::kPermanent);
    EXPECT_NE(recorded.error().message.find("older copy"), std::string::npos);
  }
  auto next = InstanceFile::read(folder_);
  ASSERT_TRUE(next.ok());
  EXPECT_TRUE(next->record({"log-a", 8}).ok());
}

TEST_F(DataDirectoryTest, AnotherLogIsNoOlderCopy) {
  auto file = InstanceFile::read(folder_);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(file->record({"log-a", 7}).ok());
  EXPECT_TRUE(file->record({"log-b", 1}).ok());
}

TEST_F(DataDirectoryTest, ADamagedFileIsTold) {
  for (const char* text : {"", "name\n", "name\nlog\nseven\n", "a\nb\n1\nmore\n"}) {
    std::ofstream(folder_ + "/instance") << text;
    const auto file = InstanceFile::read(folder_);
    ASSERT_FALSE(file.ok()) << text;
    EXPECT_NE(file.error().message.find("is damaged"), std::string::npos);
  }
}

TEST_F(DataDirectoryTest, NoncesAreNeverZeroAndDiffer) {
  const auto one = draw_boot_nonce();
  EXPECT_NE(one.value, 0U);
  EXPECT_NE(one, draw_boot_nonce());
}

}  // namespace
}  // namespace waybill::app
