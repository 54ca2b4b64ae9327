#include "testing/simulator/sim_store.h"

#include <algorithm>
#include <iterator>
#include <type_traits>
#include <utility>

namespace waybill::sim {
namespace {

// Where a node that commits `writes` may die: before or after the commit is applied.
std::optional<CrashPoint> point_of(const Write& write, bool after) {
  if (std::holds_alternative<Append>(write)) {
    return after ? CrashPoint::kAfterAppendCommit : CrashPoint::kBeforeAppendCommit;
  }
  if (std::holds_alternative<Finish>(write)) {
    return after ? CrashPoint::kAfterFinishCommit : CrashPoint::kBeforeFinishCommit;
  }
  if (!after) return std::nullopt;
  if (std::holds_alternative<Take>(write)) return CrashPoint::kAfterTakeCommit;
  if (std::holds_alternative<Claim>(write)) return CrashPoint::kAfterClaimCommit;
  if (std::holds_alternative<MarkSent>(write)) return CrashPoint::kAfterMarkCommit;
  return std::nullopt;
}

const MessageId* id_of(const Write& write) {
  return std::visit(
      [](const auto& w) -> const MessageId* {
        if constexpr (requires { w.fence.id; }) {
          return &w.fence.id;
        } else if constexpr (requires { w.message.id; }) {
          return &w.message.id;
        } else if constexpr (requires { w.id; }) {
          return &w.id;
        } else {
          return nullptr;
        }
      },
      write);
}

}  // namespace

SimStore::SimStore(SimWorld& world, SimWallClock& clock, std::mt19937_64& random, Audit& audit, MemoryLogMutations drop,
                   CrashProbe probe)
    : server_(world.add_node("store")),
      clock_(clock),
      random_(random),
      audit_(audit),
      probe_(std::move(probe)),
      log_(clock, kLogIdentity, drop) {
  log_.observe([this](const MessageId& id, std::optional<State> from, Phase phase, Verb verb, State to,
                      Phase to_phase) { audit_.changed(id, from, phase, verb, to, to_phase, server_.now()); });
}

void SimStore::commit(SimNode& from, std::vector<Write> writes, Answered answered) {
  if (stall > Duration{0}) audit_.happened(Fault::kLogStall);
  const auto micros = std::chrono::microseconds(std::uniform_int_distribution<int>(50, 2'000)(random_));
  server_.call_at(server_.now() + stall + micros, [this, &from, writes = std::move(writes),
                                                   answered = std::move(answered)] { apply(from, writes, answered); });
}

void SimStore::apply(SimNode& from, const std::vector<Write>& writes, const Answered& answered) {
  const bool was_alive = from.alive();
  for (const Write& write : writes) {
    if (const auto point = point_of(write, /*after=*/false); point && probe_(from, *point)) break;
  }
  if (was_alive && !from.alive()) return;  // it died before its commit: nothing of it is durable
  // What a node that died meanwhile had under way reached the disk, or did not.
  if (!was_alive && chance(0.5)) return;
  const bool refused = chance(refuse);
  const bool doubtful = chance(leave_in_doubt);
  const bool happens = !refused && (!doubtful || chance(0.5));
  if (refused) audit_.happened(Fault::kLogRefuses);
  if (doubtful && !refused) audit_.happened(Fault::kLogInDoubt);
  Result<Committed> committed = make_error(ErrorClass::kRetry, "the store refused");
  if (happens) {
    look_before(from, writes);
    committed = log_.commit(writes);
    if (on_commit) on_commit(writes, *committed);
    check(writes, *committed);
    for (const Write& write : writes) {
      if (const auto point = point_of(write, /*after=*/true); point && probe_(from, *point)) break;
    }
  }
  if (doubtful && !refused) committed = make_error(ErrorClass::kInDoubt, "the store's answer was lost");
  from.post([answered, committed = std::move(committed)]() mutable { answered(std::move(committed)); });
}

// A step of the clock has happened once the log reads another time; what is pruned is not to be seen any more.
void SimStore::look_before(const SimNode& from, const std::vector<Write>& writes) {
  const Duration offset = clock_.offset();
  if (offset != offset_) audit_.happened(offset > offset_ ? Fault::kClockForward : Fault::kClockBack);
  if (offset < offset_) audit_.effects().clock_stepped_back();
  offset_ = offset;
  const auto has = [&]<class W>(std::type_identity<W>) {
    return std::ranges::any_of(writes, [](const Write& write) { return std::holds_alternative<W>(write); });
  };
  audit_.effects().excuse_lapses(from.name() == kGhostName || has(std::type_identity<LapseOwner>()));
  if (!has(std::type_identity<Prune>())) return;
  for (const State state : {State::kConsumed, State::kCancelled, State::kSent}) {
    for (const Row& row : rows_of(state)) audit_.effects().seen(row);
  }
}

std::vector<Row> SimStore::rows_of(State state) {
  std::vector<Row> rows;
  ListPage page;
  do {
    page = *log_.list({.where = {.status = state}, .cursor = page.next_cursor, .limit = 1'000});
    std::ranges::move(page.rows, std::back_inserter(rows));
  } while (!page.next_cursor.empty());
  return rows;
}

void SimStore::check(const std::vector<Write>& writes, const Committed& committed) {
  for (std::size_t i = 0; i < writes.size(); ++i) {
    if (!committed.answers[i].ok()) continue;
    const Answer& answer = *committed.answers[i];
    audit_.answered(writes[i], answer, server_.now(), committed.store_now);
    if (const auto* take = std::get_if<Take>(&writes[i])) {
      for (const auto& row : std::get<TakeAnswer>(answer).rows) check_row(row.message.id, committed.store_now, take);
      continue;
    }
    if (const auto* claim = std::get_if<ClaimAnswer>(&answer)) {
      ++audit_.coverage().verdicts[static_cast<std::size_t>(claim->verdict)];
      audit_.coverage().bodies_brought += claim->body ? 1 : 0;
    }
    if (const auto* id = id_of(writes[i])) check_row(*id, committed.store_now, nullptr);
  }
}

void SimStore::check_row(const MessageId& id, WallTime store_now, const Take* take) {
  const auto row = log_.find(id, /*with_body=*/false);
  if (row.ok() && *row) audit_.row_after_commit(**row, store_now, take != nullptr, take ? take->grace : Duration{0});
}

// ---- a node's lane --------------------------------------------------------------------------------------------------

void SimLane::submit(Write write, MonoTime deadline, Done done) {
  FlushQueue::Item item{std::move(write), deadline, std::move(done), 0, node_.now()};
  if (queue_.push(item)) {
    pump();
    return;
  }
  node_.post([done = std::move(item.done)] { done(make_error(ErrorClass::kOverload, "full")); });
}

void SimLane::submit_all(std::vector<Write> writes, MonoTime deadline, DoneAll done) {
  auto dones = share_answers(writes.size(), std::move(done));
  FlushQueue::Batch items;
  for (std::size_t i = 0; i < writes.size(); ++i) {
    items.push_back({std::move(writes[i]), deadline, std::move(dones[i]), 0, node_.now()});
  }
  if (queue_.push_all(items)) {
    pump();
    return;
  }
  for (auto& item : items) {
    node_.post([done = std::move(item.done)] { done(make_error(ErrorClass::kOverload, "full")); });
  }
}

void SimLane::pump() {
  if (flushing_) return;
  const MonoTime now = node_.now();
  for (auto& late : queue_.expired(now)) {
    const auto what = late.in_doubt ? ErrorClass::kInDoubt : ErrorClass::kRetry;
    node_.post([done = std::move(late.done), what] { done(make_error(what, "too late")); });
  }
  auto batch = queue_.next_batch(now);
  if (batch.empty()) {
    const auto ready = queue_.ready_at();
    if (!ready || (wake_at_ && *wake_at_ > now && *wake_at_ <= *ready)) return;
    wake_at_ = *ready;
    node_.call_at(*ready, [this, alive = alive_] {
      if (*alive) pump();
    });
    return;
  }
  flushing_ = true;
  std::vector<Write> writes;
  writes.reserve(batch.size());
  for (const auto& item : batch) writes.push_back(item.write);
  auto shared = std::make_shared<FlushQueue::Batch>(std::move(batch));
  store_.commit(node_, writes, [this, alive = alive_, shared, sent = now](Result<Committed> committed) {
    if (*alive) on_flushed(std::move(*shared), sent, std::move(committed));
  });
}

void SimLane::on_flushed(FlushQueue::Batch batch, MonoTime sent, Result<Committed> committed) {
  flushing_ = false;
  if (committed.ok()) {
    health_.on_answer(sent, node_.now(), committed->store_now);
    queue_.on_flushed(std::chrono::duration_cast<Duration>(node_.now() - sent));
    const auto alive = alive_;
    for (std::size_t i = 0; i < batch.size() && *alive; ++i) batch[i].done(std::move(committed->answers[i]));
    if (!*alive) return;
  } else {
    health_.on_failure();
    queue_.on_failed(std::move(batch), committed.error().what, node_.now());
  }
  pump();
}

}  // namespace waybill::sim
