#include "metrics/prometheus/prometheus_metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "metrics/prometheus/process_usage.h"

namespace waybill {
namespace {

constexpr WallTime kStarted = from_millis(1'769'846'400'125);

std::string page_of(PrometheusMetrics& metrics) { return metrics.render(std::nullopt); }

/// The value of a line `SERIES VALUE`; -1 if there is none.
double value_of(const std::string& page, const std::string& series) {
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(series + " ")) return std::stod(line.substr(series.size() + 1));
  }
  return -1;
}

bool has_line(const std::string& page, const std::string& line) {
  return ("\n" + page).find("\n" + line + "\n") != std::string::npos;
}

LogStats some_stats() {
  LogStats stats;
  stats.rows_by_state = {5, 6, 7, 8, 9, 10, 11, 12};
  stats.oldest_by_state.resize(kStateCount);
  stats.store_now = kStarted;
  stats.oldest_by_state[static_cast<std::size_t>(State::kSent)] = kStarted - Duration(2'500);
  stats.oldest_by_state[static_cast<std::size_t>(State::kDead)] = kStarted + Duration(2'500);
  stats.lapses = 3;
  stats.unknowns = 4;
  return stats;
}

TEST(PrometheusMetricsTest, WhatHasNotHappenedIsZeroAndThere) {
  PrometheusMetrics metrics({"1.2", kStarted});
  const auto page = page_of(metrics);
  for (std::size_t i = 0; i < kCounts; ++i) {
    const MetricName& name = name_of(static_cast<Count>(i));
    std::string series(name.name);
    if (!name.label.empty()) series += "{" + std::string(name.label) + "=\"" + std::string(name.value) + "\"}";
    EXPECT_EQ(value_of(page, series), 0) << series;
    EXPECT_TRUE(has_line(page, "# HELP " + std::string(name.name) + " " + std::string(name.help)));
    EXPECT_TRUE(has_line(page, "# TYPE " + std::string(name.name) + " counter"));
  }
  for (std::size_t i = 0; i < kMeasures; ++i) {
    const std::string name(name_of(static_cast<Measure>(i)).name);
    EXPECT_TRUE(has_line(page, "# TYPE " + name + " histogram"));
    EXPECT_EQ(value_of(page, name + "_count"), 0);
  }
}

TEST(PrometheusMetricsTest, EachCountIsItsOwn) {
  PrometheusMetrics metrics({"1.2", kStarted});
  metrics.add(Count::kAccepted, 3);
  metrics.add(Count::kAccepted, 4);
  metrics.add(Count::kClaimBusy, 1);
  const auto page = page_of(metrics);
  EXPECT_EQ(value_of(page, "waybill_accepted_total"), 7);
  EXPECT_EQ(value_of(page, "waybill_claims_total{verdict=\"busy\"}"), 1);
  EXPECT_EQ(value_of(page, "waybill_claims_total{verdict=\"granted\"}"), 0);
}

TEST(PrometheusMetricsTest, LargeCountsAreWrittenInFull) {
  PrometheusMetrics metrics({"1.2", kStarted});
  metrics.add(Count::kAccepted, 123'456'789'012'345);
  EXPECT_TRUE(has_line(page_of(metrics), "waybill_accepted_total 123456789012345"));
}

TEST(PrometheusMetricsTest, BucketsAreCumulative) {
  PrometheusMetrics metrics({"1.2", kStarted});
  metrics.observe(Measure::kFlushSeconds, std::chrono::milliseconds(3));
  metrics.observe(Measure::kFlushSeconds, std::chrono::milliseconds(30));
  metrics.observe(Measure::kFlushSeconds, 1e4);
  const auto page = page_of(metrics);
  EXPECT_EQ(value_of(page, "waybill_flush_seconds_bucket{le=\"0.0025\"}"), 0);
  EXPECT_EQ(value_of(page, "waybill_flush_seconds_bucket{le=\"0.005\"}"), 1);
  EXPECT_EQ(value_of(page, "waybill_flush_seconds_bucket{le=\"0.05\"}"), 2);
  EXPECT_EQ(value_of(page, "waybill_flush_seconds_bucket{le=\"60\"}"), 2);
  EXPECT_EQ(value_of(page, "waybill_flush_seconds_bucket{le=\"+Inf\"}"), 3);
  EXPECT_EQ(value_of(page, "waybill_flush_seconds_count"), 3);
  EXPECT_DOUBLE_EQ(value_of(page, "waybill_flush_seconds_sum"), 10'000.033);
}

TEST(PrometheusMetricsTest, TheBacklogIsThereWhileTheLogAnswers) {
  PrometheusMetrics metrics({"1.2", kStarted});
  const auto page = metrics.render(some_stats());
  EXPECT_EQ(value_of(page, "waybill_log_up"), 1);
  EXPECT_EQ(value_of(page, "waybill_messages{state=\"sending\"}"), 5);
  EXPECT_EQ(value_of(page, "waybill_messages{state=\"cancelled\"}"), 12);
  EXPECT_EQ(value_of(page, "waybill_oldest_message_age_seconds{state=\"sent\"}"), 2.5);
  EXPECT_EQ(value_of(page, "waybill_oldest_message_age_seconds{state=\"sending\"}"), 0);
  EXPECT_EQ(value_of(page, "waybill_oldest_message_age_seconds{state=\"dead\"}"), 0) << "never negative";
  EXPECT_EQ(value_of(page, "waybill_oldest_message_age_seconds{state=\"consumed\"}"), -1) << "nobody waits for those";
  EXPECT_EQ(value_of(page, "waybill_stored_lapses"), 3);
  EXPECT_EQ(value_of(page, "waybill_stored_unknowns"), 4);
}

TEST(PrometheusMetricsTest, WithoutTheLogThereIsNoBacklogButTheRest) {
  PrometheusMetrics metrics({"1.2", kStarted});
  const auto page = page_of(metrics);
  EXPECT_EQ(value_of(page, "waybill_log_up"), 0);
  EXPECT_EQ(page.find("waybill_messages"), std::string::npos) << "old numbers would look like true ones";
  EXPECT_EQ(value_of(page, "waybill_accepted_total"), 0);
}

TEST(PrometheusMetricsTest, TheProcessTellsWhatItTakes) {
  PrometheusMetrics metrics({"1.\"2", kStarted});
  const auto page = page_of(metrics);
  EXPECT_EQ(value_of(page, "waybill_build_info{version=\"1.\\\"2\"}"), 1);
  EXPECT_DOUBLE_EQ(value_of(page, "process_start_time_seconds"), 1'769'846'400.125);
  EXPECT_GT(value_of(page, "process_resident_memory_bytes"), 1e6);
  EXPECT_GT(value_of(page, "process_open_fds"), 0);
  EXPECT_GT(value_of(page, "process_max_fds"), 0);
  EXPECT_GT(value_of(page, "process_cpu_seconds_total"), 0);
}

TEST(PrometheusMetricsTest, AnOpenedFileIsCounted) {
  const auto before = read_process_usage().open_files;
  FILE* file = std::fopen("/dev/null", "r");
  ASSERT_NE(file, nullptr);
  const auto during = read_process_usage().open_files;
  std::fclose(file);
  ASSERT_TRUE(before && during);
  EXPECT_EQ(*during, *before + 1);
}

TEST(PrometheusMetricsTest, ThreadsCountAndCollectAtOnceAndNothingIsLost) {
  constexpr int kThreads = 4;
  constexpr int kTimes = 20'000;
  PrometheusMetrics metrics({"1.2", kStarted});
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < kTimes; ++i) {
        metrics.add(Count::kConsumed, 1);
        metrics.observe(Measure::kHandleSeconds, 0.25);
      }
    });
  }
  for (double before = 0; before < kThreads * kTimes / 2;) {
    const auto page = page_of(metrics);
    EXPECT_EQ(value_of(page, "waybill_handle_seconds_count"),
              value_of(page, "waybill_handle_seconds_bucket{le=\"+Inf\"}"));
    const double now = value_of(page, "waybill_attempts_total{outcome=\"consumed\"}");
    EXPECT_GE(now, before);
    before = now;
  }
  for (auto& thread : threads) thread.join();
  const auto page = page_of(metrics);
  EXPECT_EQ(value_of(page, "waybill_attempts_total{outcome=\"consumed\"}"), kThreads * kTimes);
  EXPECT_EQ(value_of(page, "waybill_handle_seconds_count"), kThreads * kTimes);
  EXPECT_DOUBLE_EQ(value_of(page, "waybill_handle_seconds_sum"), kThreads * kTimes * 0.25);
}

TEST(PrometheusMetricsTest, EachRelayHasItsFigures) {
  PrometheusMetrics metrics({"1.2", kStarted});
  EXPECT_EQ(page_of(metrics).find("waybill_smtp"), std::string::npos) << "without relays nothing is told of them";
  metrics.watch_relays([] {
    return std::vector<RelayFigures>{{.relay = "a.test:25", .connections = 3, .delivered = 9, .unknown = 1},
                                     {.relay = "b.test:25", .open = false, .login_failures = 2}};
  });
  const auto page = page_of(metrics);
  EXPECT_EQ(value_of(page, R"(waybill_smtp_relay_open{relay="a.test:25"})"), 1);
  EXPECT_EQ(value_of(page, R"(waybill_smtp_relay_open{relay="b.test:25"})"), 0);
  EXPECT_EQ(value_of(page, R"(waybill_smtp_relay_connections{relay="a.test:25"})"), 3);
  EXPECT_EQ(value_of(page, R"(waybill_smtp_recipients_total{outcome="delivered",relay="a.test:25"})"), 9);
  EXPECT_EQ(value_of(page, R"(waybill_smtp_recipients_total{outcome="unknown",relay="a.test:25"})"), 1);
  EXPECT_EQ(value_of(page, R"(waybill_smtp_relay_failures_total{reason="login",relay="b.test:25"})"), 2);
}

}  // namespace
}  // namespace waybill
