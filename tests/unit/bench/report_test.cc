#include "bench/report.h"

#include <gtest/gtest.h>

#include <cmath>

namespace waybill::bench {
namespace {

TEST(ReportTest, JsonHasEveryValueInItsOrder) {
  Report report;
  report.add("messages", std::int64_t{200'000});
  report.add("messages_per_second", 31234.4);
  report.add("commits_per_message", 0.01234);
  report.add("latency_ms", Spread{0.5, 12.25, 1'000});
  report.add("kept", true);
  report.add("file_system", std::string("ext4"));
  report.add("errors", std::map<std::string, std::int64_t>{{"429", 2}, {"503", 1}});
  EXPECT_EQ(report.json(), R"({"messages":200000,"messages_per_second":31234,"commits_per_message":0.0123,)"
                           R"("latency_ms":{"p50":0.5000,"p99":12.25,"max":1000},"kept":true,"file_system":"ext4",)"
                           R"("errors":{"429":2,"503":1}})");
}

TEST(ReportTest, ProblemsStandInTheJson) {
  Report report;
  report.add("lost", std::int64_t{1});
  report.add_problem("1 \"message\" was lost");
  EXPECT_EQ(report.json(), R"({"lost":1,"problems":["1 \"message\" was lost"]})");
  EXPECT_EQ(report.problems().size(), 1U);
}

TEST(ReportTest, WhatIsNoNumberIsNull) {
  Report report;
  report.add("rate", std::nan(""));
  EXPECT_EQ(report.json(), R"({"rate":null})");
}

TEST(ReportTest, TheTableLinesUp) {
  Report report;
  report.add("messages", std::int64_t{3});
  report.add("latency_ms", Spread{1, 2, 3});
  report.add("errors", std::map<std::string, std::int64_t>{});
  EXPECT_EQ(report.table(),
            "messages    3\n"
            "latency_ms  p50 1.0000  p99 2.0000  max 3.0000\n"
            "errors      none\n");
}

}  // namespace
}  // namespace waybill::bench
