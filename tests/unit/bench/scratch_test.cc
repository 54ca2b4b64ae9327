#include "bench/scratch.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/bench/scratch_folder.h"

namespace waybill::bench {
namespace {

// Tests may run on a file system in memory.
ScratchOptions options_for(const std::string& dir, std::vector<std::string> places = {}) {
  return {dir, std::move(places), /*allow_volatile=*/true};
}

TEST(ScratchTest, ANewOneIsRemovedInTheEnd) {
  const ScratchFolder folder;
  std::string path;
  {
    const auto scratch = Scratch::make(options_for("", {folder.path("missing"), folder.path()}));
    ASSERT_TRUE(scratch.ok()) << scratch.error().message;
    path = scratch->path();
    std::ofstream(path + "/file") << "x";
    EXPECT_TRUE(std::filesystem::path(path).is_absolute());
    EXPECT_TRUE(std::filesystem::is_directory(path));
    EXPECT_FALSE(scratch->file_system().empty());
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(ScratchTest, OneThatWasNamedIsKeptAndFoundAgain) {
  const ScratchFolder folder;
  for (int round = 0; round < 2; ++round) {
    const auto scratch = Scratch::make(options_for(folder.path("kept/deep")));
    ASSERT_TRUE(scratch.ok()) << scratch.error().message;
    std::ofstream(scratch->path() + "/file") << "x";
  }
  EXPECT_TRUE(std::filesystem::exists(folder.path("kept/deep/file")));
}

TEST(ScratchTest, SomebodysFilesAreNotTouched) {
  const ScratchFolder folder;
  std::ofstream(folder.path("waybill.db")) << "precious";
  const auto scratch = Scratch::make(options_for(folder.path()));
  ASSERT_FALSE(scratch.ok());
  EXPECT_EQ(scratch.error().what, ErrorClass::kPermanent);
  EXPECT_NE(scratch.error().message.find(folder.path()), std::string::npos);
  EXPECT_NE(scratch.error().message.find("--dir"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder.path("waybill-bench")));
}

TEST(ScratchTest, WithoutAnyPlaceItSaysWhatWasTried) {
  const auto scratch = Scratch::make(options_for("", {"/no/such/place"}));
  ASSERT_FALSE(scratch.ok());
  EXPECT_NE(scratch.error().message.find("/no/such/place"), std::string::npos);
}

TEST(ScratchTest, AFileSystemInMemoryIsRefusedUnlessItIsAllowed) {
  constexpr const char* kProc = "/dev/shm";
  if (file_system_type(kProc) != "tmpfs") return;  // tests/e2e/test_bench.py mounts one
  const std::string dir = std::string(kProc) + "/waybill-bench-test-" + std::to_string(::getpid());
  const auto refused = Scratch::make({dir, {}, false});
  const auto allowed = Scratch::make({dir, {}, true});
  std::filesystem::remove_all(dir);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find("tmpfs"), std::string::npos) << refused.error().message;
  EXPECT_NE(refused.error().message.find("--allow-volatile"), std::string::npos) << refused.error().message;
  ASSERT_TRUE(allowed.ok());
  EXPECT_EQ(allowed->file_system(), "tmpfs");
}

TEST(ScratchTest, PlacesAreBesideTheDataIfThereIsSome) {
  const ScratchFolder folder;
  std::filesystem::create_directory(folder.path("var"));
  EXPECT_EQ(scratch_places(folder.path("var")), (std::vector<std::string>{folder.path(), "/var/tmp"}));
  EXPECT_EQ(scratch_places(folder.path("missing")), (std::vector<std::string>{"/var/tmp"}));
}

}  // namespace
}  // namespace waybill::bench
