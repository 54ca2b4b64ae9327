// What a seed draws: nodes, messages, what their handlers will do, and the faults with their times. Everything that
// happens in a run follows from it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/time.h"
#include "core/names.h"
#include "engine/options.h"
#include "testing/sim_broker_faults.h"

namespace waybill::sim {

/// What a message's handler does at one attempt. The last entry of a message's list repeats.
enum class Act : std::uint8_t {
  kDone,
  kRetry,
  kFail,
  kUnknownDone,  ///< the effect happened, the handler does not know
  kUnknownNot,   ///< it did not happen, the handler does not know
  kHang,         ///< past its deadline, before its effect
  kHangAfter,    ///< past its deadline, after its effect; then reports done
  kCrashBefore,  ///< the node dies before the effect
  kCrashAfter,   ///< the node dies after the effect
  kSlow,         ///< done, after several seconds
  kNoWay,        ///< a retry that uses up no try
  kPartly,       ///< of a mail's recipients some get it, others may later, others never; else as kDone
};

inline constexpr std::size_t kActCount = 12;
[[nodiscard]] std::string_view to_string(Act act);

struct MessagePlan {
  enum class Entry : std::uint8_t { kIntake, kForeignRow, kForeignPublish, kOtherLog, kWithoutId, kImpostor };
  Entry entry = Entry::kIntake;
  Duration at{0};
  int node = 0;
  Route route;
  std::string id;  ///< empty: drawn by the intake
  bool with_key = false;
  std::optional<Duration> scheduled;  ///< this long after its entry
  std::optional<RetryPolicy> retry;
  std::size_t body_bytes = 4;  ///< digits of its number, with leading zeros
  std::vector<Act> acts;
  Duration handling{0};
};

enum class Fault : std::uint8_t {
  kCrash,         ///< a node dies and comes back
  kCrashAtPoint,  ///< … at a named point
  kFreeze,        ///< a node stands still, perhaps longer than its lease
  kStop,          ///< a node is stopped cleanly and comes back
  kLogStall,      ///< the log answers late
  kLogRefuses,    ///< commits fail, certainly not applied
  kLogInDoubt,    ///< commits fail, perhaps applied
  kClockForward,
  kClockBack,
  kBrokerRestart,
  kBrokerWipe,
  kBrokerBlock,
  kBrokerPurge,
  kBrokerCancel,
  kPublisherDown,
  kConsumerDown,
  kUnbind,
  kExchangeGone,
  kLossyNetwork,  ///< publishes and answers get lost
  kNacks,
  kFalseAcks,  ///< the broker acks what it loses
  kDisorder,   ///< publishes and confirms overtake each other
  kDuplicates,
};
inline constexpr std::size_t kFaultCount = 23;
[[nodiscard]] std::string_view to_string(Fault fault);

/// Where a node may be made to die.
enum class CrashPoint : std::uint8_t {
  kBeforeAppendCommit,
  kAfterAppendCommit,
  kAfterTakeCommit,
  kAfterClaimCommit,
  kBeforeEffect,
  kAfterBeginEffect,
  kAfterEffect,
  kBeforeFinishCommit,
  kAfterFinishCommit,
  kAfterPublish,
  kBeforeAck,
  kAfterMarkCommit,
};
inline constexpr std::size_t kCrashPointCount = 12;
[[nodiscard]] std::string_view to_string(CrashPoint point);

struct FaultPlan {
  Fault fault = Fault::kCrash;
  Duration at{0};
  Duration lasts{0};
  int node = 0;
  CrashPoint point = CrashPoint::kAfterAppendCommit;
  Duration step{0};  ///< of the clock
  double chance = 0.1;
};

/// What an operator does to a random message.
struct OperatorPlan {
  enum class Deed : std::uint8_t {
    kCancel,
    kReplay,
    kReplayAgain,
    kReschedule,
    kHold,
    kResolveDone,
    kResolveRetry,
    kPrune
  };
  Deed deed = Deed::kCancel;
  Duration at{0};
  int message = 0;
};

struct Plan {
  std::uint64_t seed = 0;
  int nodes = 2;
  bool marks_effect = true;
  bool ghost = false;              ///< a slow worker without a broker takes part
  bool narrow_first_node = false;  ///< node 0 is configured to refuse bodies that the others carry
  EngineOptions options;
  std::vector<MessagePlan> messages;
  std::vector<FaultPlan> faults;
  std::vector<OperatorPlan> deeds;
  Duration faults_end{0};
  bool honest = false;  ///< no fault but slow handlers: nothing may be published twice
};

/// The plan of a seed.
[[nodiscard]] Plan draw_plan(std::uint64_t seed);

inline constexpr std::size_t kNarrowBody = 16;  ///< the limit of a node that is configured narrowly
/// What handlers say that fail for good.
inline constexpr const char* kPlannedFailure = "the plan says fail";
inline constexpr const char* kGhostName = "ghost";
inline constexpr const char* kLogIdentity = "sim";
inline const QueueName kQueue{"mail.queue"};
inline const Route kConsumed{"mail.exchange", "mail.routing.key"};
inline const Route kExternal{"events.exchange", "event"};
inline const QueueName kExternalQueue{"events.queue"};
inline const Route kUnroutable{"mail.exchange", "nobody"};
inline const Route kNoExchange{"absent.exchange", "key"};
inline const Route kDeadLetter{"waybill.dlx", "dead"};
inline const QueueName kDeadQueue{"waybill.dead"};

}  // namespace waybill::sim
