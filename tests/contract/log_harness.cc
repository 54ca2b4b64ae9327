#include "tests/contract/log_harness.h"

#include <algorithm>
#include <iterator>
#include <sstream>
#include <utility>

#include "core/headers.h"

namespace waybill::contract {
namespace {

template <class T>
T must(Result<T> result, std::string_view what, Place place) {
  if (!result.ok()) check(false, std::string(what) + " succeeds, but: " + result.error().message, place);
  return std::move(result).value();
}

}  // namespace

std::string show(State state) { return std::string(to_string(state)); }
std::string show(WallTime time) { return to_rfc3339(time); }
std::string show(const std::string& text) { return "'" + text + "'"; }
std::string show(Phase phase) {
  switch (phase) {
    case Phase::kAbsent:
      return "absent";
    case Phase::kUnclaimed:
      return "unclaimed";
    case Phase::kHeld:
      return "held";
    case Phase::kAttempt:
      return "attempt";
    case Phase::kLapsed:
      return "lapsed";
  }
  return "?";
}

std::string show(const std::vector<RecordedRecipient>& recipients) {
  std::string text;
  for (const auto& [record, at] : recipients) {
    const auto& [fate, code, enhanced, said] = record.outcome;
    text += " recipient " + record.address + ' ' + std::string(to_string(fate)) + ' ' + std::to_string(code) + ' ' +
            enhanced + ' ' + said + ' ' + record.relay + ' ' + show(at);
  }
  return text;
}

std::string describe(const Row& row, const std::vector<MessageEvent>& events) {
  std::ostringstream text;
  text << row.message.id.value << " route=" << row.message.route.exchange << '/' << row.message.route.routing_key
       << " body=" << row.message.body.bytes() << " binary=" << row.message.body.binary()
       << " type=" << row.message.content_type << " retry=" << (row.message.retry ? to_string(*row.message.retry) : "")
       << " not_before=" << show(row.message.not_before) << " bytes=" << row.body_bytes
       << " digest=" << (row.digest ? to_hex(*row.digest) : "none") << " queue=" << (row.queue ? row.queue->value : "?")
       << " status=" << show(row.status) << " owner=" << (row.owner ? to_string(*row.owner) : "none")
       << " attempt=" << row.attempt << " replay_attempt=" << row.replay_attempt << " begun=" << row.effect_begun
       << " try=" << row.try_count << " lapse=" << row.lapse_count << " unknown=" << row.unknown_count
       << " crash=" << row.crash_count << " again=" << row.again_count << " publish=" << row.publish_count
       << " next=" << show(row.next_try_time) << " created=" << show(row.create_time)
       << " updated=" << show(row.update_time) << " published=" << show(row.publish_time)
       << " confirmed=" << show(row.confirm_time) << " claimed=" << show(row.claim_time)
       << " consumed=" << show(row.consume_time) << " error=" << row.last_error << " result=" << row.result;
  for (const auto& [name, value] : row.message.headers) text << " header " << name << '=' << value;
  for (const MessageEvent& event : events) {
    text << " event " << event.kind << '#' << event.attempt << 'x' << event.count << ' ' << event.detail;
  }
  return text.str();
}

LogHarness::LogHarness(LogFactory factory) : factory_(std::move(factory)), under_test_(factory_(clock_)) {}

void LogHarness::start_afresh() {
  under_test_.reset();
  under_test_ = factory_(clock_);
}

std::vector<Answer> LogHarness::commit(const std::vector<Write>& writes, Place place) {
  Committed committed = must(log().commit(writes), "the commit", place);
  check_equal(committed.answers.size(), writes.size(), "the number of answers", place);
  std::vector<Answer> answers;
  answers.reserve(writes.size());
  for (auto& answer : committed.answers) answers.push_back(must(std::move(answer), "a write", place));
  return answers;
}

void LogHarness::append_foreign(const std::string& id, std::optional<int> status, std::optional<WallTime> next_try_time,
                                Place place) {
  ForeignRow foreign{.id = id, .msg = "foreign " + id, .route = kMailRoute};
  if (status) foreign.rest = {*status, 0, next_try_time.value_or(now()), now(), now()};
  must(insert_foreign(foreign), "the insert of another program", place);
}

Message LogHarness::message(const std::string& id) const {
  Message message;
  message.id = {id};
  message.route = kMailRoute;
  message.body = Body("body of " + id);
  message.content_type = "text/plain";
  return message;
}

Append LogHarness::new_append(const std::string& id) {
  Append write;
  write.message = message(id);
  write.digest = digest_of(write.message.body.bytes());
  write.queue = kMailQueue;
  write.publish_now = true;
  write.grace = kGrace;
  write.boot = kBoot;
  write.token = fresh_token();
  return write;
}

Append LogHarness::new_external_append(const std::string& id) {
  Append write = new_append(id);
  write.message.route = kExternalRoute;
  write.queue = QueueName{};
  return write;
}

Take LogHarness::new_take() const {
  Take take;
  take.boot = kBoot;
  take.grace = kGrace;
  take.routes =
      std::make_shared<const RouteTable>(std::map<Route, QueueName>{{kMailRoute, kMailQueue}, {kSmsRoute, kSmsQueue}});
  return take;
}

MarkSent LogHarness::new_mark_sent(const std::string& id) { return {{id}, row(id).publish_count, now()}; }

MarkFailed LogHarness::new_mark_failed(const std::string& id) {
  return {{id}, row(id).publish_count, kBackoff, "no route", std::string(kEventReturned)};
}

Claim LogHarness::new_claim(const std::string& id) {
  Claim claim;
  claim.id = {id};
  claim.token = fresh_token();
  claim.owner = kWorker;
  claim.queue = kMailQueue;
  claim.lease = kLease;
  return claim;
}

Finish LogHarness::new_finish(const Fence& fence, HandlerOutcome outcome) const {
  Finish finish;
  finish.fence = fence;
  finish.outcome = std::move(outcome);
  finish.delay = kDelay;
  return finish;
}

void LogHarness::append(const std::string& id, Place place) {
  check_equal(apply(new_append(id), place).kind, AppendAnswer::Kind::kAccepted, "the answer to append", place);
}

void LogHarness::append_external(const std::string& id, Place place) {
  check_equal(apply(new_external_append(id), place).kind, AppendAnswer::Kind::kAccepted, "the answer to append", place);
}

void LogHarness::mark_sent(const std::string& id, Place place) { must_apply(new_mark_sent(id), place); }
void LogHarness::mark_failed(const std::string& id, Place place) { must_apply(new_mark_failed(id), place); }

Fence LogHarness::claim(const std::string& id, Place place) { return claim(new_claim(id), place); }

Fence LogHarness::claim(const Claim& write, Place place) {
  const ClaimAnswer answer = apply(write, place);
  check_equal(std::string(to_string(answer.verdict)), std::string("granted"), "the verdict on " + write.id.value,
              place);
  return {write.id, write.owner, answer.attempt, write.token};
}

FinishAnswer LogHarness::finish(const Fence& fence, HandlerOutcome outcome, Place place) {
  const FinishAnswer answer = apply(new_finish(fence, std::move(outcome)), place);
  check_equal(answer.kind, FinishAnswer::Kind::kRecorded, "the answer to finish", place);
  return answer;
}

Fence LogHarness::claim_and_lapse(const std::string& id, Place place) {
  Fence fence = claim(id, place);
  advance(kLease);
  return fence;
}

void LogHarness::bring_to(const std::string& id, State state, Place place) {
  append(id, place);
  switch (state) {
    case State::kSending:
      return;
    case State::kSent:
      return mark_sent(id, place);
    case State::kSendFailed:
      return mark_failed(id, place);
    case State::kCancelled:
      return must_apply(Cancel{{id}}, place);
    case State::kConsumed:
      finish(claim(id, place), Done{"result"}, place);
      return;
    case State::kConsumeFailed:
      finish(claim(id, place), Retry{"busy", {}}, place);
      return;
    case State::kDead:
      finish(claim(id, place), Fail{"no such user"}, place);
      return;
    case State::kOutcomeUnknown:
      finish(claim(id, place), Unknown{"no answer"}, place);
      return;
  }
}

Row LogHarness::row(const std::string& id, Place place) {
  auto found = must(reader().find({id}, true), "find", place);
  check(found.has_value(), "the row '" + id + "' exists", place);
  return *std::move(found);
}

bool LogHarness::exists(const std::string& id, Place place) {
  return must(reader().find({id}, false), "find", place).has_value();
}

std::vector<MessageEvent> LogHarness::events(const std::string& id, Place place) {
  return must(reader().events({id}), "events", place);
}

int LogHarness::count_events(const std::string& id, std::string_view kind, Place place) {
  int count = 0;
  for (const MessageEvent& event : events(id, place)) {
    if (event.kind == kind) count += event.count;
  }
  return count;
}

std::vector<RecordedRecipient> LogHarness::recipients(const std::string& id, Place place) {
  return must(reader().recipients({id}), "recipients", place);
}

std::string LogHarness::snapshot(const MessageId& id, Place place) {
  const auto found = must(reader().find(id, true), "find", place);
  return found ? describe(*found, events(id.value, place)) + show(recipients(id.value, place)) : "no row";
}

std::vector<Row> LogHarness::list(std::optional<State> status, int limit, Place place) {
  std::vector<Row> rows = list_all({.where = {.status = status}, .limit = limit}, place);
  if (std::ssize(rows) > limit) rows.resize(static_cast<std::size_t>(limit));
  return rows;
}

std::vector<Row> LogHarness::list_all(ListFilter filter, Place place) {
  std::vector<Row> rows;
  do {
    ListPage next = page(filter, place);
    check(std::ssize(next.rows) <= filter.limit, "a page holds no more than its limit", place);
    std::ranges::move(next.rows, std::back_inserter(rows));
    check(rows.size() < 10'000, "a list comes to an end", place);
    filter.cursor = next.next_cursor;
  } while (!filter.cursor.empty());
  return rows;
}

ListPage LogHarness::page(const ListFilter& filter, Place place) { return must(reader().list(filter), "list", place); }

std::int64_t LogHarness::count(const MessageFilter& where, std::int64_t most, Place place) {
  return must(reader().count(where, most), "count", place);
}

LogStats LogHarness::stats(Place place) { return must(reader().stats(), "stats", place); }

void LogHarness::check_statistics(const std::string& after, Place place) {
  LogStats expected{.rows_by_state = std::vector<std::int64_t>(kStateCount),
                    .oldest_by_state = std::vector<std::optional<WallTime>>(kStateCount)};
  for (const Row& row : list_all({.limit = 1'000}, place)) {
    const auto state = static_cast<std::size_t>(row.status);
    ++expected.rows_by_state[state];
    expected.lapses += row.lapse_count;
    expected.unknowns += row.unknown_count;
    const bool external_sent = row.status == State::kSent && !row.owner && row.queue && row.queue->external();
    if (row.status == State::kConsumed || row.status == State::kCancelled || external_sent) continue;
    expected.oldest_by_state[state] = row.create_time;  // the newest come first
    if (kOpenStates.has(row.status)) expected.oldest_open = row.create_time;
  }
  const LogStats found = stats(place);
  for (const State state : kAllStates) {
    const auto at = static_cast<std::size_t>(state);
    check_equal(found.rows_by_state.at(at), expected.rows_by_state[at], "after " + after + ", rows " + show(state),
                place);
    check_equal(found.oldest_by_state.at(at), expected.oldest_by_state[at],
                "after " + after + ", the oldest " + show(state), place);
  }
  check_equal(found.oldest_open, expected.oldest_open, "after " + after + ", oldest_open", place);
  check_equal(found.lapses, expected.lapses, "after " + after + ", lapses", place);
  check_equal(found.unknowns, expected.unknowns, "after " + after + ", unknowns", place);
}

std::vector<Row> LogHarness::dead_letter_copies(const std::string& id, Place place) {
  std::vector<Row> copies = list(std::nullopt, 1'000, place);
  std::erase_if(copies, [&](const Row& row) {
    return std::ranges::find(row.message.headers, std::pair(std::string(kHeaderDeadOf), id)) ==
           row.message.headers.end();
  });
  return copies;
}

Digest digest_of(std::string_view body) { return sha256(body); }

std::vector<std::string> ids_of(const TakeAnswer& answer) {
  std::vector<std::string> ids;
  for (const TakenRow& row : answer.rows) ids.push_back(row.message.id.value);
  return ids;
}

std::vector<std::string> ids_of(const std::vector<Row>& rows) {
  std::vector<std::string> ids;
  for (const Row& row : rows) ids.push_back(row.message.id.value);
  return ids;
}

TakenRow only_row(const TakeAnswer& answer, Place place) {
  check_equal(answer.rows.size(), std::size_t{1}, "the number of rows taken", place);
  return answer.rows.front();
}

}  // namespace waybill::contract
