#include "log/rows/apply_by_rows.h"

#include <type_traits>

#include "log/rows/decide.h"
#include "log/rows/take_run.h"

namespace waybill::rows {
namespace {

template <class W>
constexpr bool kFindsItsRows =
    std::is_same_v<W, Take> || std::is_same_v<W, Lost> || std::is_same_v<W, LapseOwner> || std::is_same_v<W, Prune> ||
    std::is_same_v<W, LeaseNode> || std::is_same_v<W, ReportQueues>;

void need(Needs& needs, const MessageId& id, Need what) {
  Need& all = needs.rows[id];
  all.history = all.history || what.history;
  all.body_digest = all.body_digest || what.body_digest;
  all.body = all.body || what.body;
  all.recipients = all.recipients || what.recipients;
}

void add_needs(Needs& needs, const Append& write) {
  need(needs, write.message.id, {.history = true, .body_digest = true});
  if (write.key) needs.keys.emplace(write.key->endpoint, write.key->key);
}
void add_needs(Needs& needs, const Adopt& write) {
  need(needs, write.message.id,
       {.history = true, .body_digest = true, .body = write.claim.want_body, .recipients = true});
}
void add_needs(Needs& needs, const Park& write) { need(needs, write.message.id, {.history = true}); }
void add_needs(Needs& needs, const Claim& write) {
  need(needs, write.id, {.history = true, .body = write.want_body, .recipients = true});
}
void add_needs(Needs& needs, const Finish& write) {
  need(needs, write.fence.id, {.history = true, .recipients = !write.recipients.empty()});
}
void add_needs(Needs& needs, const Replay& write) { need(needs, write.id, {.history = true, .recipients = true}); }
void add_needs(Needs& needs, const MarkSent& write) { need(needs, write.id, {}); }
template <class W>
requires requires(const W& write) { write.fence; }
void add_needs(Needs& needs, const W& write) { need(needs, write.fence.id, {}); }
template <class W>
requires requires(const W& write) { write.id; }
void add_needs(Needs& needs, const W& write) { need(needs, write.id, {.history = true}); }

/// Applies a run of writes that name their rows.
void apply_named(RowStore& store, std::span<const Write* const> writes, const Moment& moment,
                 std::vector<Result<Answer>>& answers) {
  if (writes.empty()) return;
  Needs needs;
  for (const Write* write : writes) {
    std::visit(
        [&]<class W>(const W& verb) {
          if constexpr (!kFindsItsRows<W>) add_needs(needs, verb);
        },
        *write);
  }
  // The write then has an error of its own.
  std::erase_if(needs.rows, [](const auto& entry) { return !is_storable(entry.first); });
  WorkingSet set(moment.now, moment.body_max);
  store.load(set, needs);
  for (const Write* write : writes) {
    std::visit(
        [&]<class W>(const W& verb) {
          if constexpr (!kFindsItsRows<W>) answers.push_back(decide(set, verb));
        },
        *write);
  }
  store.store(set);
}

void load_with_history(RowStore& store, WorkingSet& set, const std::vector<MessageId>& ids) {
  Needs needs;
  for (const MessageId& id : ids) needs.rows[id] = {.history = true};
  store.load(set, needs);
}

Answer apply(RowStore& store, const Lost& write, const Moment& moment) {
  const auto ids = store.find_lost(write, moment.now);
  WorkingSet set(moment.now, moment.body_max);
  load_with_history(store, set, ids);
  CountAnswer answer;
  for (const MessageId& id : ids) answer.rows += decide_lost(set, set.at(id), write) ? 1 : 0;
  store.store(set);
  return answer;
}

std::vector<LapsedRow> lapse_all(RowStore& store, const std::vector<MessageId>& ids, const LapseRule& rule,
                                 const Moment& moment) {
  if (ids.empty()) return {};
  WorkingSet set(moment.now, moment.body_max);
  load_with_history(store, set, ids);
  std::vector<LapsedRow> ended;
  for (const MessageId& id : ids) {
    WorkingRow& row = set.at(id);
    if (!row.now || !row.now->owner) continue;  // only after a failure: the rows are locked
    const State to = lapse(set, row, rule);
    if (to != State::kSending) ended.push_back({id, to});
  }
  store.store(set);
  return ended;
}

Answer apply(RowStore& store, const LapseOwner& write, const Moment& moment) {
  const auto ids = store.find_attempts_of(write);
  auto ended = lapse_all(store, ids, write.rule, moment);
  return LapseAnswer{static_cast<int>(ids.size()), std::move(ended)};
}

Answer apply(RowStore& store, const Take& write, const Moment& moment) {
  return run_take(store, write, moment.now,
                  [&](const std::vector<MessageId>& ids) { return lapse_all(store, ids, write.lapse, moment); });
}
Answer apply(RowStore& store, const Prune& write, const Moment& moment) { return store.prune(write, moment.now); }
Answer apply(RowStore& store, const LeaseNode& write, const Moment& moment) {
  return store.lease_node(write, moment.now);
}
Answer apply(RowStore& store, const ReportQueues& write, const Moment& moment) {
  return store.report_queues(write, moment.now);
}

}  // namespace

bool is_storable(const MessageId& id) { return is_valid_utf8(id.value) && id.value.find('\0') == std::string::npos; }

bool finds_its_rows(const Write& write) {
  return std::visit([]<class W>(const W&) { return kFindsItsRows<W>; }, write);
}

const MessageId& row_named_by(const Write& write) {
  static const MessageId kNone;
  return std::visit(
      []<class W>(const W& verb) -> const MessageId& {
        if constexpr (kFindsItsRows<W>) {
          return kNone;
        } else if constexpr (requires { verb.message; }) {
          return verb.message.id;
        } else if constexpr (requires { verb.fence; }) {
          return verb.fence.id;
        } else {
          return verb.id;
        }
      },
      write);
}

std::vector<Result<Answer>> apply_by_rows(RowStore& store, std::span<const Write* const> writes, const Moment& moment) {
  std::vector<Result<Answer>> answers;
  answers.reserve(writes.size());
  std::size_t at = 0;
  while (at < writes.size() && !store.failed()) {
    std::size_t end = at;
    while (end < writes.size() && !finds_its_rows(*writes[end])) ++end;
    apply_named(store, writes.subspan(at, end - at), moment, answers);
    if (end < writes.size()) {
      std::visit(
          [&]<class W>(const W& verb) {
            if constexpr (kFindsItsRows<W>) answers.emplace_back(apply(store, verb, moment));
          },
          *writes[end]);
      ++end;
    }
    at = end;
  }
  return answers;
}

}  // namespace waybill::rows
