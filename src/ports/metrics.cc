#include "ports/metrics.h"

#include <array>
#include <utility>

namespace waybill {
namespace {

constexpr std::string_view kPublished = "Messages handed to the broker, by where they came from.";
constexpr std::string_view kAnswers = "How publishes ended; in_doubt is no answer in time.";
constexpr std::string_view kTaken = "Due messages taken from the log to be published again, by the state found.";
constexpr std::string_view kClaims = "Claims for deliveries, by the verdict of the log.";
constexpr std::string_view kAttempts = "Attempts at handling a message, by how they ended.";
constexpr std::string_view kRefused = "Deliveries that no handler was given, by what became of them.";

// In the order of the enumerators.
constexpr std::array<std::pair<Count, MetricName>, kCounts> kCountNames = {{
    {Count::kAccepted, {"waybill_accepted_total", "Messages recorded durably by this instance."}},
    {Count::kDuplicates, {"waybill_duplicates_total", "Requests answered with the message that was accepted before."}},
    {Count::kRefusedByOverload,
     {"waybill_overload_refusals_total", "Messages refused for lack of room; nothing was recorded."}},
    {Count::kPublishedFresh, {"waybill_published_total", kPublished, "source", "fresh"}},
    {Count::kPublishedDue, {"waybill_published_total", kPublished, "source", "due"}},
    {Count::kConfirmed, {"waybill_publish_answers_total", kAnswers, "answer", "confirmed"}},
    {Count::kReturned, {"waybill_publish_answers_total", kAnswers, "answer", "returned"}},
    {Count::kNacked, {"waybill_publish_answers_total", kAnswers, "answer", "nacked"}},
    {Count::kInDoubt, {"waybill_publish_answers_total", kAnswers, "answer", "in_doubt"}},
    {Count::kExternalPossibleDuplicates,
     {"waybill_external_possible_duplicates_total",
      "Messages for external routes published again after a publish in doubt."}},
    {Count::kTakenSending, {"waybill_taken_total", kTaken, "reason", "sending"}},
    {Count::kTakenSent, {"waybill_taken_total", kTaken, "reason", "sent"}},
    {Count::kTakenSendFailed, {"waybill_taken_total", kTaken, "reason", "send_failed"}},
    {Count::kTakenConsumeFailed, {"waybill_taken_total", kTaken, "reason", "consume_failed"}},
    {Count::kTakenUnknown, {"waybill_taken_total", kTaken, "reason", "outcome_unknown"}},
    {Count::kUnreadable, {"waybill_unreadable_total", "Messages found that cannot be published and became dead."}},
    {Count::kClaimGranted, {"waybill_claims_total", kClaims, "verdict", "granted"}},
    {Count::kClaimFinished, {"waybill_claims_total", kClaims, "verdict", "finished"}},
    {Count::kClaimCancelled, {"waybill_claims_total", kClaims, "verdict", "cancelled"}},
    {Count::kClaimDead, {"waybill_claims_total", kClaims, "verdict", "dead"}},
    {Count::kClaimBusy, {"waybill_claims_total", kClaims, "verdict", "busy"}},
    {Count::kClaimOnHold, {"waybill_claims_total", kClaims, "verdict", "on_hold"}},
    {Count::kClaimNotDue, {"waybill_claims_total", kClaims, "verdict", "not_due"}},
    {Count::kClaimAnotherMessage, {"waybill_claims_total", kClaims, "verdict", "another_message"}},
    {Count::kClaimUnknownId, {"waybill_claims_total", kClaims, "verdict", "unknown_id"}},
    {Count::kConsumed, {"waybill_attempts_total", kAttempts, "outcome", "consumed"}},
    {Count::kFailed, {"waybill_attempts_total", kAttempts, "outcome", "failed"}},
    {Count::kDead, {"waybill_attempts_total", kAttempts, "outcome", "dead"}},
    {Count::kUnknown, {"waybill_attempts_total", kAttempts, "outcome", "unknown"}},
    {Count::kLapsed, {"waybill_attempts_total", kAttempts, "outcome", "lapsed"}},
    {Count::kLateDone,
     {"waybill_late_done_total", "Effects that were done although the message was dead or cancelled by then."}},
    {Count::kPossibleDuplicates,
     {"waybill_possible_duplicates_total", "Effects that were done while a newer attempt existed."}},
    {Count::kLost, {"waybill_broker_lost_total", "Messages that the broker was found to have lost; driven again."}},
    {Count::kParked, {"waybill_refused_deliveries_total", kRefused, "fate", "parked"}},
    {Count::kForeignRejected, {"waybill_refused_deliveries_total", kRefused, "fate", "rejected"}},
    {Count::kPruned, {"waybill_pruned_total", "Finished messages removed from the log after prune.age."}},
    {Count::kFlushFailures,
     {"waybill_flush_failures_total", "Flushes that the log refused or left in doubt; they are repeated."}},
    {Count::kKeptOut,
     {"waybill_kept_out_total",
      "New messages that another program's transaction kept out of a flush; they wait apart."}},
}};

constexpr std::array<std::pair<Measure, MetricName>, kMeasures> kMeasureNames = {{
    {Measure::kFlushRows, {"waybill_flush_writes", "Writes in one flush of the log."}},
    {Measure::kFlushSeconds, {"waybill_flush_seconds", "Time of one flush, from its begin until it is durable."}},
    {Measure::kAcceptSeconds, {"waybill_accept_seconds", "From the request until the message is durable."}},
    {Measure::kConfirmSeconds, {"waybill_confirm_seconds", "From the publish until the broker's answer."}},
    {Measure::kClaimSeconds, {"waybill_claim_seconds", "From asking for the claim until it is durable."}},
    {Measure::kHandleSeconds, {"waybill_handle_seconds", "Time of one run of the handler."}},
    {Measure::kFinishSeconds, {"waybill_finish_seconds", "From the handler's outcome until it is durable."}},
}};

template <class Names>
constexpr bool in_order(const Names& names) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (static_cast<std::size_t>(names[i].first) != i) return false;
  }
  return true;
}
static_assert(in_order(kCountNames) && in_order(kMeasureNames));

constexpr auto kWrites = std::to_array<double>({1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096});
// One sync of a good disk is below the second bucket; the last ones are what deadlines allow.
constexpr auto kStageSeconds = std::to_array<double>(
    {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60});
constexpr auto kHandlerSeconds = std::to_array<double>(
    {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900});
static_assert(kWrites.size() <= kBucketsMax && kStageSeconds.size() <= kBucketsMax &&
              kHandlerSeconds.size() <= kBucketsMax);

}  // namespace

const MetricName& name_of(Count count) { return kCountNames[static_cast<std::size_t>(count)].second; }
const MetricName& name_of(Measure measure) { return kMeasureNames[static_cast<std::size_t>(measure)].second; }

std::span<const double> buckets_of(Measure measure) {
  switch (measure) {
    case Measure::kFlushRows:
      return kWrites;
    case Measure::kHandleSeconds:
      return kHandlerSeconds;
    case Measure::kFlushSeconds:
    case Measure::kAcceptSeconds:
    case Measure::kConfirmSeconds:
    case Measure::kClaimSeconds:
    case Measure::kFinishSeconds:
      break;
  }
  return kStageSeconds;
}

}  // namespace waybill
