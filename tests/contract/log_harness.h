// What the cases of the log suite are written with: one log on a hand-set clock, ready-made writes with everyday
// values, and steps that throw ContractViolation with the place of the case that took them.
#pragma once

#include <source_location>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "core/delivery_state.h"
#include "ports/message_log.h"
#include "tests/contract/log_suite.h"

namespace waybill::contract {

using Place = std::source_location;

// Values as they are shown in a violation.
[[nodiscard]] std::string show(State state);
[[nodiscard]] std::string show(Phase phase);
[[nodiscard]] std::string show(WallTime time);
[[nodiscard]] std::string show(const std::string& text);
template <class Number>
requires std::is_arithmetic_v<Number>
[[nodiscard]] std::string show(Number number) { return std::to_string(number); }
template <class Enum>
requires std::is_enum_v<Enum>
[[nodiscard]] std::string show(Enum value) { return "#" + std::to_string(static_cast<int>(value)); }
template <class T>
[[nodiscard]] std::string show(const std::optional<T>& value) {
  return value ? show(*value) : "none";
}

template <class Actual, class Expected>
void check_equal(const Actual& actual, const Expected& expected, std::string_view what,
                 Place place = Place::current()) {
  if (actual == expected) return;
  check(false, std::string(what) + " is " + show(Actual(expected)) + ", but it is " + show(actual), place);
}

// ---- everyday values ----------------------------------------------------------------------------------------------

inline const Route kMailRoute{"mail.exchange", "mail.routing.key"};
inline const QueueName kMailQueue{"mail.queue"};
inline const Route kSmsRoute{"sms.exchange", "sms.routing.key"};
inline const QueueName kSmsQueue{"sms.queue"};
inline const Route kExternalRoute{"partner.exchange", "partner.key"};
inline const Route kDeadRoute{"waybill.dlx", "dead"};
inline const Owner kWorker{"node-a", {11}};
inline const Owner kOtherWorker{"node-b", {22}};
inline constexpr BootNonce kBoot{11};
inline constexpr Duration kGrace{2'000};
inline constexpr Duration kLease{15'000};
inline constexpr Duration kDelay{8'000};
inline constexpr Duration kBackoff{500};

// ---- which answer belongs to which write ---------------------------------------------------------------------------

template <class W>
struct AnswerTo {
  using type = VerbAnswer;
};
template <>
struct AnswerTo<Append> {
  using type = AppendAnswer;
};
template <>
struct AnswerTo<Take> {
  using type = TakeAnswer;
};
template <>
struct AnswerTo<Claim> {
  using type = ClaimAnswer;
};
template <>
struct AnswerTo<Adopt> {
  using type = ClaimAnswer;
};
template <>
struct AnswerTo<Finish> {
  using type = FinishAnswer;
};
template <>
struct AnswerTo<Lost> {
  using type = CountAnswer;
};
template <>
struct AnswerTo<LapseOwner> {
  using type = LapseAnswer;
};
template <>
struct AnswerTo<Prune> {
  using type = CountAnswer;
};
template <>
struct AnswerTo<LeaseNode> {
  using type = NodeAnswer;
};
template <>
struct AnswerTo<ReportQueues> {
  using type = QueueFactsAnswer;
};

/// A row with its history, as text that is equal exactly if nothing of it changed.
[[nodiscard]] std::string describe(const Row& row, const std::vector<MessageEvent>& events);
[[nodiscard]] std::string show(const std::vector<RecordedRecipient>& recipients);

class LogHarness {
 public:
  explicit LogHarness(LogFactory factory);

  /// Goes on with a new, empty log. The clock keeps its time.
  void start_afresh();
  [[nodiscard]] MessageLog& log() { return under_test_->log(); }
  [[nodiscard]] MessageReader& reader() { return under_test_->reader(); }
  [[nodiscard]] WallTime now() const { return clock_.now(); }
  void advance(Duration by) { clock_.advance(by); }

  // ---- writing

  /// One commit; every write must have an answer.
  std::vector<Answer> commit(const std::vector<Write>& writes, Place place = Place::current());
  /// One write in a commit of its own.
  template <class W>
  typename AnswerTo<W>::type apply(const W& write, Place place = Place::current()) {
    return std::get<typename AnswerTo<W>::type>(commit({Write(write)}, place).front());
  }
  /// A guarded verb that must apply, or must be refused and then change nothing.
  template <class W>
  void must_apply(const W& write, Place place = Place::current()) {
    check_equal(apply(write, place).kind, VerbAnswer::Kind::kApplied, "the answer", place);
  }
  template <class W>
  void must_refuse(const MessageId& id, const W& write, Place place = Place::current()) {
    const std::string before = snapshot(id, place);
    check_equal(apply(write, place).kind, VerbAnswer::Kind::kRefused, "the answer", place);
    check_equal(snapshot(id, place), before, "the row after a refusal", place);
  }
  [[nodiscard]] Status insert_foreign(const ForeignRow& row) { return under_test_->insert_foreign(row); }
  /// Four columns, or nine with this status and due time.
  [[nodiscard]] bool stores_only_utf8() const { return under_test_->stores_only_utf8(); }
  void append_foreign(const std::string& id, std::optional<int> status = std::nullopt,
                      std::optional<WallTime> next_try_time = std::nullopt, Place place = Place::current());

  // ---- ready-made writes

  [[nodiscard]] Token fresh_token() { return {++last_token_}; }
  [[nodiscard]] Message message(const std::string& id) const;
  /// Of a consumed route, published by this process now.
  [[nodiscard]] Append new_append(const std::string& id);
  [[nodiscard]] Append new_external_append(const std::string& id);
  [[nodiscard]] Take new_take() const;
  [[nodiscard]] MarkSent new_mark_sent(const std::string& id);
  [[nodiscard]] MarkFailed new_mark_failed(const std::string& id);
  [[nodiscard]] Claim new_claim(const std::string& id);
  [[nodiscard]] Finish new_finish(const Fence& fence, HandlerOutcome outcome) const;

  // ---- steps that must succeed

  void append(const std::string& id, Place place = Place::current());
  void append_external(const std::string& id, Place place = Place::current());
  void mark_sent(const std::string& id, Place place = Place::current());
  void mark_failed(const std::string& id, Place place = Place::current());
  Fence claim(const std::string& id, Place place = Place::current());
  Fence claim(const Claim& write, Place place = Place::current());
  FinishAnswer finish(const Fence& fence, HandlerOutcome outcome, Place place = Place::current());
  /// Leaves a lease behind that has passed.
  Fence claim_and_lapse(const std::string& id, Place place = Place::current());
  /// A row in this state without an open attempt; 6 by policy retry, 4 and 6 with their delay ahead.
  void bring_to(const std::string& id, State state, Place place = Place::current());

  // ---- looking

  [[nodiscard]] Row row(const std::string& id, Place place = Place::current());
  [[nodiscard]] bool exists(const std::string& id, Place place = Place::current());
  [[nodiscard]] State status(const std::string& id, Place place = Place::current()) { return row(id, place).status; }
  [[nodiscard]] std::vector<MessageEvent> events(const std::string& id, Place place = Place::current());
  [[nodiscard]] int count_events(const std::string& id, std::string_view kind, Place place = Place::current());
  [[nodiscard]] std::vector<RecordedRecipient> recipients(const std::string& id, Place place = Place::current());
  [[nodiscard]] std::string snapshot(const MessageId& id, Place place = Place::current());
  [[nodiscard]] std::vector<Row> list(std::optional<State> status = std::nullopt, int limit = 1'000,
                                      Place place = Place::current());
  /// Every page of a list, followed to its end.
  [[nodiscard]] std::vector<Row> list_all(ListFilter filter, Place place = Place::current());
  [[nodiscard]] ListPage page(const ListFilter& filter, Place place = Place::current());
  [[nodiscard]] std::int64_t count(const MessageFilter& where, std::int64_t most = 1'000,
                                   Place place = Place::current());
  [[nodiscard]] LogStats stats(Place place = Place::current());
  /// The statistics must say what a look at every row says. `after`: what was done before.
  void check_statistics(const std::string& after, Place place = Place::current());
  /// The rows that carry a copy of this message to the dead letters.
  [[nodiscard]] std::vector<Row> dead_letter_copies(const std::string& id, Place place = Place::current());

 private:
  HandClock clock_;
  LogFactory factory_;
  std::unique_ptr<LogUnderTest> under_test_;
  std::uint64_t last_token_ = 1'000;
};

[[nodiscard]] Digest digest_of(std::string_view body);
/// Ids of rows, in order.
[[nodiscard]] std::vector<std::string> ids_of(const TakeAnswer& answer);
[[nodiscard]] std::vector<std::string> ids_of(const std::vector<Row>& rows);
/// The one taken row; violates unless there is exactly one.
TakenRow only_row(const TakeAnswer& answer, Place place = Place::current());

// ---- the cases, by what they are about -----------------------------------------------------------------------------

[[nodiscard]] std::vector<LogCase> append_cases();
[[nodiscard]] std::vector<LogCase> key_cases();
[[nodiscard]] std::vector<LogCase> content_cases();
[[nodiscard]] std::vector<LogCase> take_cases();
[[nodiscard]] std::vector<LogCase> take_limit_cases();
[[nodiscard]] std::vector<LogCase> foreign_cases();
[[nodiscard]] std::vector<LogCase> unusable_foreign_cases();
[[nodiscard]] std::vector<LogCase> mark_cases();
[[nodiscard]] std::vector<LogCase> lost_cases();
[[nodiscard]] std::vector<LogCase> claim_cases();
[[nodiscard]] std::vector<LogCase> attempt_cases();
[[nodiscard]] std::vector<LogCase> finish_cases();
[[nodiscard]] std::vector<LogCase> done_cases();
[[nodiscard]] std::vector<LogCase> recipient_cases();
[[nodiscard]] std::vector<LogCase> recipient_rule_cases();
[[nodiscard]] std::vector<LogCase> lapse_cases();
[[nodiscard]] std::vector<LogCase> told_lapse_cases();
[[nodiscard]] std::vector<LogCase> dead_letter_cases();
[[nodiscard]] std::vector<LogCase> people_cases();
[[nodiscard]] std::vector<LogCase> replay_cases();
[[nodiscard]] std::vector<LogCase> prune_cases();
[[nodiscard]] std::vector<LogCase> instance_cases();
[[nodiscard]] std::vector<LogCase> batch_cases();
[[nodiscard]] std::vector<LogCase> reader_cases();
[[nodiscard]] std::vector<LogCase> list_cases();
[[nodiscard]] std::vector<LogCase> count_cases();
[[nodiscard]] std::vector<LogCase> statistics_cases();
[[nodiscard]] std::vector<LogCase> table_cases();
[[nodiscard]] std::vector<LogCase> body_cases();

}  // namespace waybill::contract
