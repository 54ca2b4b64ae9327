// What an instance counts and measures while it works. Names and help texts, as they are published, stand once, in
// metrics.cc; a test pins them (docs/metrics.md). Any thread; cheap enough for every message.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ports/message_log.h"

namespace waybill {

/// Things that happened. They only grow. Those that are published under one name stand together.
enum class Count : std::uint8_t {
  kAccepted,           ///< recorded durably by this instance
  kDuplicates,         ///< accepted before: same id or key, same message
  kRefusedByOverload,  ///< told to come back later

  kPublishedFresh,  ///< handed to the broker from memory
  kPublishedDue,    ///< … after a take
  kConfirmed,
  kReturned,
  kNacked,
  kInDoubt,
  kExternalPossibleDuplicates,  ///< external rows published again after in doubt

  kTakenSending,  ///< due rows taken, by the state they were found in
  kTakenSent,     ///< rows of another program
  kTakenSendFailed,
  kTakenConsumeFailed,
  kTakenUnknown,
  kUnreadable,  ///< rows that cannot be published

  kClaimGranted,
  kClaimFinished,
  kClaimCancelled,
  kClaimDead,
  kClaimBusy,
  kClaimOnHold,
  kClaimNotDue,
  kClaimAnotherMessage,
  kClaimUnknownId,

  kConsumed,            ///< attempts by how they ended, as far as this instance recorded it: done
  kFailed,              ///< … tried again later
  kDead,                ///< … and with it the message
  kUnknown,             ///< … the effect is uncertain
  kLapsed,              ///< … never reported, ended by this instance
  kLateDone,            ///< a `done` after the message was dead or cancelled
  kPossibleDuplicates,  ///< a `done` beside a newer attempt

  kLost,             ///< rows that the broker was found to have lost
  kParked,           ///< deliveries kept as dead
  kForeignRejected,  ///< deliveries of another log, and such as are too large
  kPruned,
  kFlushFailures,
  kKeptOut,  ///< new rows that a stranger's transaction kept out of a flush
};
inline constexpr std::size_t kCounts = static_cast<std::size_t>(Count::kKeptOut) + 1;

/// Distributions.
enum class Measure : std::uint8_t {
  kFlushRows,       ///< writes of one flush
  kFlushSeconds,    ///< from its begin until it is durable
  kAcceptSeconds,   ///< intake: asked until durable
  kConfirmSeconds,  ///< handed to the broker until its answer
  kClaimSeconds,    ///< asked until durable, once a handler is free
  kHandleSeconds,   ///< the handler
  kFinishSeconds,   ///< reported until durable
};
inline constexpr std::size_t kMeasures = static_cast<std::size_t>(Measure::kFinishSeconds) + 1;

/// How one of them is published. Those of one name are told apart by one label.
struct MetricName {
  std::string_view name;
  std::string_view help;   ///< one sentence, without backslashes
  std::string_view label;  ///< empty: none
  std::string_view value;
};
[[nodiscard]] const MetricName& name_of(Count count);
[[nodiscard]] const MetricName& name_of(Measure measure);
inline constexpr std::size_t kBucketsMax = 24;
/// Upper bounds of the buckets, rising, at most kBucketsMax; above the last there is one more.
[[nodiscard]] std::span<const double> buckets_of(Measure measure);

class Metrics {
 public:
  virtual ~Metrics() = default;
  virtual void add(Count what, std::uint64_t times = 1) = 0;
  virtual void observe(Measure what, double value) = 0;

  void observe(Measure what, std::chrono::steady_clock::duration time) {
    observe(what, std::chrono::duration<double>(time).count());
  }
};

/// What this process knows of one mail relay.
struct RelayFigures {
  std::string relay;            ///< `host:port`
  bool open = true;             ///< false: it cannot be used, and is tried now and then
  std::size_t connections = 0;  ///< open ones
  // Recipients, by what it said of them.
  std::uint64_t delivered = 0;
  std::uint64_t tried_again = 0;
  std::uint64_t refused = 0;
  std::uint64_t unknown = 0;
  // How often it could not be used, by the reason.
  std::uint64_t unreachable = 0;
  std::uint64_t tls_failures = 0;
  std::uint64_t login_failures = 0;
};

/// What has been counted and measured, as a page for a collector.
class MetricsPage {
 public:
  virtual ~MetricsPage() = default;
  /// Any thread. `stats`: the backlog by state; none while the log does not answer.
  [[nodiscard]] virtual std::string render(const std::optional<LogStats>& stats) = 0;
};

/// Counts nothing: for tests and tools.
class NoMetrics final : public Metrics {
 public:
  void add(Count /*what*/, std::uint64_t /*times*/) override {}
  void observe(Measure /*what*/, double /*value*/) override {}
};

}  // namespace waybill
