// The book of effects: which messages the log held, which attempts it let begin, what happened, and what it can
// explain. It hears the answers of the log and what handlers do, and believes nothing else.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "ports/message_log.h"

namespace waybill::sim {

/// One *life* of a message id is its row from the insertion until it is pruned: with the row goes the memory of its id,
/// and if it comes again, it is a message of its own.
class EffectBook {
 public:
  using Violation = std::function<void(std::string)>;
  /// An effect that has begun, in the life it belongs to.
  struct Begun {
    std::size_t life = 0;
    std::size_t attempt = 0;
  };

  explicit EffectBook(Violation violation) : violation_(std::move(violation)) {}

  // The log's side, in the order of its commits.
  void appeared(const MessageId& id);
  void changed(const MessageId& id, Verb verb, Phase to_phase, MonoTime now);
  void pruned(const MessageId& id);
  /// What was applied and answered: who may begin, when, and what must not begin any more.
  void answered(const Write& write, const Answer& answer, MonoTime now, WallTime store_now);
  /// The store's clock did: the times of retries tell nothing any more.
  void clock_stepped_back() { retries_timed_ = false; }
  /// Until further notice attempts may lapse before their time: their holder is proven dead, or whoever ends them does
  /// not keep the rules.
  void excuse_lapses(bool excused) { lapses_excused_ = excused; }
  /// The row as it stands; the last time counts, for rows that are pruned too.
  void seen(const Row& row);

  // The handlers' side.
  /// An effect begins: the log must know its row and have let this attempt begin, once, and not have answered since
  /// that the message is withdrawn. `within`: the claim or its last renewal must have been committed that recently.
  [[nodiscard]] Begun begins(const MessageId& id, const Owner& owner, std::int32_t attempt, MonoTime now,
                             std::optional<Duration> within);
  void happens(Begun begun) { ++lives_[begun.life].effects; }
  /// The mail reached a recipient. The log must not have known that it has it when it granted the attempt.
  void delivers(Begun begun, const std::string& address);

  /// At the end: what the log holds of the recipients of a row that is there.
  void compare(const Row& row, const std::vector<RecordedRecipient>& recorded);
  /// At the end: everything that happened, of all lives, against what the log last said of them.
  void judge() const;

  [[nodiscard]] bool was_pruned(const std::string& id) const;
  [[nodiscard]] bool pruned_any() const { return pruned_any_; }
  [[nodiscard]] int effects_of(const std::string& id) const;

 private:
  struct Attempted {
    Owner owner;
    std::int32_t number = 0;
    MonoTime held_since{};  // when its claim or last renewal was committed
    Duration lease{0};      // … and for how long
    bool may_begin = false;
    bool begun = false;
    bool reported = false;
    std::set<std::string> has_it;  // recipients, as it was recorded when the log granted it
  };
  struct Recipient {
    int deliveries = 0;
    bool recorded = false;  // as delivered, by what the log answered
  };
  struct Life {
    std::string id;
    std::vector<Attempted> attempts;
    int effects = 0;
    std::map<std::string, Recipient> recipients;
    std::string closed;      // what the log answered, if nothing may begin any more
    bool withdrawn = false;  // … and no attempt was open then, so that nothing could be about to begin
    bool done_by_word = false;
    bool pruned = false;
    std::optional<WallTime> not_before;  // as promised
    std::optional<WallTime> retry_at;
    State state = State::kSending;  // as last seen
    int explained = 0;              // effects that the row accounts for, but for the one of a `done`
  };

  [[nodiscard]] Life* current(const MessageId& id);
  [[nodiscard]] static Attempted* find(Life& life, const Owner& owner, std::int32_t attempt);
  void claimed(const Claim& claim, const ClaimAnswer& answer, const MessageId& id, MonoTime now);
  void finished(const Finish& finish, const FinishAnswer& answer, WallTime store_now);
  void recorded(const Finish& finish);
  void check_told(const Life& life, const Attempted& attempt, const ClaimAnswer& answer) const;
  void scheduled(const MessageId& id, std::optional<WallTime> not_before);
  void check_time(const Life& life) const;
  void check_free(const MessageId& id, State status, Duration delay) const;
  void check_lapse(const Life& life, MonoTime now) const;
  [[nodiscard]] Attempted* attempt_of(const Fence& fence);
  void let_begin(Life& life, Attempted& attempt);
  void close(const MessageId& id, std::string how, bool withdrawn);
  void reopen(const MessageId& id);
  void judge(const Life& life) const;
  void judge_recipients(const Life& life, const std::string& row) const;

  const Violation violation_;
  std::vector<Life> lives_;
  std::unordered_map<std::string, std::vector<std::size_t>> lives_of_;  // oldest first
  bool pruned_any_ = false;
  bool retries_timed_ = true;
  bool lapses_excused_ = false;
  WallTime latest_{};  // that the store's clock ever showed
};

}  // namespace waybill::sim
