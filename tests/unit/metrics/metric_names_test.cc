#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "ports/metrics.h"

namespace waybill {
namespace {

// Dashboards and alarms of others are built on these: a change here breaks them.
constexpr std::array<std::string_view, kCounts> kGoldenCounts = {
    "waybill_accepted_total",
    "waybill_duplicates_total",
    "waybill_overload_refusals_total",
    "waybill_published_total{source=fresh}",
    "waybill_published_total{source=due}",
    "waybill_publish_answers_total{answer=confirmed}",
    "waybill_publish_answers_total{answer=returned}",
    "waybill_publish_answers_total{answer=nacked}",
    "waybill_publish_answers_total{answer=in_doubt}",
    "waybill_external_possible_duplicates_total",
    "waybill_taken_total{reason=sending}",
    "waybill_taken_total{reason=sent}",
    "waybill_taken_total{reason=send_failed}",
    "waybill_taken_total{reason=consume_failed}",
    "waybill_taken_total{reason=outcome_unknown}",
    "waybill_unreadable_total",
    "waybill_claims_total{verdict=granted}",
    "waybill_claims_total{verdict=finished}",
    "waybill_claims_total{verdict=cancelled}",
    "waybill_claims_total{verdict=dead}",
    "waybill_claims_total{verdict=busy}",
    "waybill_claims_total{verdict=on_hold}",
    "waybill_claims_total{verdict=not_due}",
    "waybill_claims_total{verdict=another_message}",
    "waybill_claims_total{verdict=unknown_id}",
    "waybill_attempts_total{outcome=consumed}",
    "waybill_attempts_total{outcome=failed}",
    "waybill_attempts_total{outcome=dead}",
    "waybill_attempts_total{outcome=unknown}",
    "waybill_attempts_total{outcome=lapsed}",
    "waybill_late_done_total",
    "waybill_possible_duplicates_total",
    "waybill_broker_lost_total",
    "waybill_refused_deliveries_total{fate=parked}",
    "waybill_refused_deliveries_total{fate=rejected}",
    "waybill_pruned_total",
    "waybill_flush_failures_total",
    "waybill_kept_out_total",
};

constexpr std::array<std::string_view, kMeasures> kGoldenMeasures = {
    "waybill_flush_writes",  "waybill_flush_seconds",  "waybill_accept_seconds", "waybill_confirm_seconds",
    "waybill_claim_seconds", "waybill_handle_seconds", "waybill_finish_seconds",
};

std::string text_of(const MetricName& name) {
  std::string text(name.name);
  if (!name.label.empty()) text += "{" + std::string(name.label) + "=" + std::string(name.value) + "}";
  return text;
}

std::vector<MetricName> all_names() {
  std::vector<MetricName> names;
  for (std::size_t i = 0; i < kCounts; ++i) names.push_back(name_of(static_cast<Count>(i)));
  for (std::size_t i = 0; i < kMeasures; ++i) names.push_back(name_of(static_cast<Measure>(i)));
  return names;
}

TEST(MetricNamesTest, EveryNameIsPinned) {
  for (std::size_t i = 0; i < kCounts; ++i) EXPECT_EQ(text_of(name_of(static_cast<Count>(i))), kGoldenCounts[i]);
  for (std::size_t i = 0; i < kMeasures; ++i) EXPECT_EQ(text_of(name_of(static_cast<Measure>(i))), kGoldenMeasures[i]);
}

TEST(MetricNamesTest, EnumeratorsAndNamesBelongTogether) {
  EXPECT_EQ(text_of(name_of(Count::kConfirmed)), "waybill_publish_answers_total{answer=confirmed}");
  EXPECT_EQ(text_of(name_of(Count::kTakenUnknown)), "waybill_taken_total{reason=outcome_unknown}");
  EXPECT_EQ(text_of(name_of(Count::kDead)), "waybill_attempts_total{outcome=dead}");
  EXPECT_EQ(text_of(name_of(Count::kLost)), "waybill_broker_lost_total");
  EXPECT_EQ(text_of(name_of(Measure::kHandleSeconds)), "waybill_handle_seconds");
}

TEST(MetricNamesTest, LabelsSayWhatTheLogSays) {
  const auto first = static_cast<std::size_t>(Count::kClaimGranted);
  for (std::size_t i = 0; i < kClaimVerdictCount; ++i) {
    EXPECT_EQ(name_of(static_cast<Count>(first + i)).value, to_string(static_cast<ClaimVerdict>(i)));
  }
  EXPECT_EQ(name_of(Count::kTakenSending).value, to_string(State::kSending));
  EXPECT_EQ(name_of(Count::kTakenSent).value, to_string(State::kSent));
  EXPECT_EQ(name_of(Count::kTakenSendFailed).value, to_string(State::kSendFailed));
  EXPECT_EQ(name_of(Count::kTakenConsumeFailed).value, to_string(State::kConsumeFailed));
  EXPECT_EQ(name_of(Count::kTakenUnknown).value, to_string(State::kOutcomeUnknown));
}

TEST(MetricNamesTest, ConventionsAreKept) {
  for (const MetricName& name : all_names()) {
    EXPECT_TRUE(name.name.starts_with("waybill_")) << name.name;
    EXPECT_TRUE(
        std::all_of(name.name.begin(), name.name.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; }));
    EXPECT_TRUE(name.help.ends_with(".")) << name.name << ": " << name.help;
    EXPECT_EQ(name.help.find_first_of("\\\n"), std::string_view::npos) << "the library does not escape it";
    EXPECT_EQ(name.label.empty(), name.value.empty());
    EXPECT_NE(name.label, "le");
  }
  for (std::size_t i = 0; i < kCounts; ++i) EXPECT_TRUE(name_of(static_cast<Count>(i)).name.ends_with("_total"));
}

TEST(MetricNamesTest, ThoseOfOneNameStandTogetherWithOneHelpAndLabel) {
  const auto names = all_names();
  std::vector<std::string_view> seen;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0 && names[i].name == names[i - 1].name) {
      EXPECT_EQ(names[i].help, names[i - 1].help);
      EXPECT_EQ(names[i].label, names[i - 1].label);
      EXPECT_FALSE(names[i].label.empty());
      continue;
    }
    EXPECT_EQ(std::count(seen.begin(), seen.end(), names[i].name), 0) << names[i].name;
    seen.push_back(names[i].name);
  }
}

TEST(MetricNamesTest, BucketsRise) {
  for (std::size_t i = 0; i < kMeasures; ++i) {
    const auto bounds = buckets_of(static_cast<Measure>(i));
    ASSERT_FALSE(bounds.empty());
    EXPECT_LE(bounds.size(), kBucketsMax);
    EXPECT_GT(bounds.front(), 0);
    EXPECT_TRUE(std::is_sorted(bounds.begin(), bounds.end(), std::less_equal<>())) << kGoldenMeasures[i];
  }
}

}  // namespace
}  // namespace waybill
