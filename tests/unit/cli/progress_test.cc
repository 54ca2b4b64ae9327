#include "cli/progress.h"

#include <gtest/gtest.h>

namespace waybill::cli {
namespace {

TEST(ProgressLine, SaysHowFarHowFastAndHowLong) {
  EXPECT_EQ(progress_line("retry", 500, 1'000, Duration(2'000)),
            "retry  [############............]  50 %  500 of 1000  250/s  2 s left");
  EXPECT_EQ(progress_line("retry", 0, 1'000, Duration(0)), "retry  [........................]  0 %  0 of 1000  0/s");
  EXPECT_EQ(progress_line("retry", 1'000, 1'000, Duration(1'000)),
            "retry  [########################]  100 %  1000 of 1000  1000/s  0 s left");
}

TEST(ProgressLine, WithoutATotalOnlyHowManyAndHowFast) {
  EXPECT_EQ(progress_line("prune", 500, 0, Duration(2'000)), "prune  500  250/s");
}

TEST(ProgressLine, NeverMoreThanAll) {
  EXPECT_NE(progress_line("send", 5'000'000'000, 1'000, Duration(1'000)).find("100 %  1000 of 1000"),
            std::string::npos);
}

TEST(ProgressBar, ShowsOnlyWhatTakesLong) {
  std::string shown;
  const auto out = [&](std::string_view text) { shown += text; };
  {
    Progress quick("retry", 10, out, std::chrono::hours(1));
    quick.update(5);
    quick.update(10);
  }
  EXPECT_EQ(shown, "");
  {
    Progress slow("retry", 10, out, Duration(0));
    slow.update(5);
    EXPECT_NE(shown.find("5 of 10"), std::string::npos);
  }
  EXPECT_TRUE(shown.ends_with("\r\x1b[K")) << "it takes itself away";
}

TEST(ProgressBar, IsWrittenAnewAfterSomethingElse) {
  std::string shown;
  Progress progress(
      "retry", 10, [&](std::string_view text) { shown += text; }, Duration(0));
  progress.update(1);
  progress.update(2);  // too soon after the first
  EXPECT_EQ(shown.find("2 of 10"), std::string::npos);
  progress.clear();
  progress.update(3);
  EXPECT_NE(shown.find("3 of 10"), std::string::npos);
}

TEST(ProgressBar, WithoutATerminalThereIsNone) {
  Progress progress("retry", 10, nullptr, Duration(0));
  progress.update(5);
  progress.clear();
}

}  // namespace
}  // namespace waybill::cli
