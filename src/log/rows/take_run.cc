#include "log/rows/take_run.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

#include "core/wire_limits.h"
#include "log/headers_json.h"
#include "log/rows/decide.h"

namespace waybill::rows {
namespace {

using Gate = ClosedRoutes::Gate;

Error permanent(const char* why) { return make_error(ErrorClass::kPermanent, why); }

Result<Headers> read_headers(std::string_view json) {
  // Escaped, every byte of a header may take six.
  if (json.size() > kHeaderBytesMax * 6) return permanent("the headers are larger than 64 KiB");
  auto headers = headers_from_json(json);
  if (!headers) return permanent("the headers are not JSON of the form [[\"name\",\"value\"]]");
  if (Status valid = validate_headers(*headers); !valid.ok()) return valid.error();
  return std::move(*headers);
}

// Of what other programs can have written, all is looked at before anything is loaded or published: a value that the
// broker cannot carry would take the channel down, and everything on it.
Result<Message> read_message(const Candidate& candidate, const Route& route) {
  // An id is ours, or was looked at by intake, once the row has its queue.
  if (!candidate.queue) {
    if (Status id = validate_message_id(candidate.id.value); !id.ok()) return id.error();
  }
  Message message{.id = candidate.id, .route = route, .content_type = candidate.content_type};
  if (Status carried = validate_route(route); !carried.ok()) return carried.error();
  if (Status type = validate_content_type(message.content_type); !type.ok()) return type.error();
  if (candidate.retry_policy) {
    auto policy = parse_retry_policy(*candidate.retry_policy);
    if (!policy.ok()) return policy.error();
    message.retry = std::move(*policy);
  }
  if (candidate.headers) {
    auto headers = read_headers(*candidate.headers);
    if (!headers.ok()) return headers.error();
    message.headers = std::move(*headers);
  }
  return message;
}

class TakeRun {
 public:
  TakeRun(RowStore& store, const Take& ask, WallTime now)
      : store_(store), ask_(ask), now_(now), full_(ask.max_rows == 0) {}

  TakeAnswer run(const EndLapsed& end_lapsed) {
    answer_.store_now = now_;
    const bool lapses = may_lapse(now_, ask_.lapse);
    const auto left_alone = routes_left_alone(/*with_probes=*/false);
    if (ask_.sweep) store_.pull_forward(*ask_.sweep, now_, lapses, left_alone);
    if (lapses) {
      const auto lapsed = store_.find_lapsed(now_, ask_.max_rows, left_alone);
      answer_.ended = end_lapsed(lapsed);
      answer_.lapsed = static_cast<int>(lapsed.size());
    }
    look_at_routes();
    while (!full_ && !store_.failed() && std::ranges::any_of(turns_, [](const auto& turn) { return !turn.drained; })) {
      go_round();
    }
    take_chosen();
    look_ahead();
    return std::move(answer_);
  }

 private:
  struct RouteTurn {
    Turn turn;
    bool probe = false;
    bool drained = false;
    std::size_t round_bytes = 0;  ///< taken in this round
  };

  [[nodiscard]] std::vector<Route> routes_left_alone(bool with_probes) const {
    if (!ask_.closed) return {};
    std::vector<Route> routes = ask_.closed->closed();
    if (with_probes) {
      routes.insert(routes.end(), ask_.closed->probes().begin(), ask_.closed->probes().end());
    } else {
      std::erase_if(routes, [&](const Route& route) { return ask_.closed->gate(route) == Gate::kProbe; });
    }
    return routes;
  }

  // Beginning beyond the route where the last take ended, and round; no more of them than are allowed.
  void look_at_routes() {
    auto routes = store_.due_routes(ask_.after, std::nullopt, ask_.max_routes + 1);
    const std::size_t to_the_last = routes.size();
    if (ask_.after && to_the_last <= ask_.max_routes) {
      auto more = store_.due_routes(std::nullopt, ask_.after, ask_.max_routes + 1 - to_the_last);
      std::ranges::move(more, std::back_inserter(routes));
    }
    if (routes.size() > ask_.max_routes) {
      answer_.partial = true;
      answer_.more = !ask_.after || to_the_last > ask_.max_routes;
      routes.resize(ask_.max_routes);
    }
    for (DueRoute& entry : routes) {
      const auto gate = gate_of(ask_.closed, entry.route);
      if (gate == Gate::kOpen) open_routes_.push_back(entry.route);
      last_looked_at_ = entry.route;
      // Those with a due row get a turn.
      if (gate == Gate::kClosed || entry.first > now_) continue;
      turns_.push_back({.turn = {.route = std::move(entry.route)}, .probe = gate == Gate::kProbe});
    }
  }

  // What is left of the room, shared equally among the routes that still have something.
  void go_round() {
    std::vector<RouteTurn*> active;
    for (RouteTurn& turn : turns_) {
      if (!turn.drained) active.push_back(&turn);
    }
    const std::size_t rows = std::max<std::size_t>(1, (ask_.max_rows - handled_) / active.size());
    const std::size_t bytes =
        std::max<std::size_t>(1, (ask_.max_bytes - std::min(bytes_, ask_.max_bytes)) / active.size());
    std::vector<Turn> wanted;
    for (RouteTurn* turn : active) {
      turn->round_bytes = 0;
      turn->turn.wanted = turn->probe ? 1 : rows;
      wanted.push_back(turn->turn);
    }
    auto found = store_.candidates(wanted, now_, ask_.with_crashed && !has_crashed_);
    if (store_.failed()) return;
    std::size_t next = 0;
    for (std::size_t at = 0; at < active.size(); ++at) {
      const std::size_t begin = next;
      while (next < found.size() && found[next].turn == at) ++next;
      if (next - begin < active[at]->turn.wanted) active[at]->drained = true;
      take_turn(*active[at], std::span(found).subspan(begin, next - begin), bytes);
      if (full_) return;
    }
  }

  void take_turn(RouteTurn& turn, std::span<Candidate> found, std::size_t share) {
    for (Candidate& candidate : found) {
      if (handled_ >= ask_.max_rows) {
        full_ = true;
        return;
      }
      if (candidate.crash_count > 0 && has_crashed_) {
        skip(turn, candidate);
        continue;
      }
      auto message = read_message(candidate, turn.turn.route);
      if (candidate.bytes > ask_.max_body || !message.ok()) {
        skip(turn, candidate);
        const auto why = candidate.bytes > ask_.max_body ? "too_large: " + std::to_string(candidate.bytes) + " bytes"
                                                         : message.error().message;
        answer_.unreadable.emplace_back(candidate.id, why);
        if (++handled_ >= ask_.max_rows) full_ = true;
        continue;
      }
      const QueueName queue = queue_of(turn, candidate);
      candidate.leave_body = !queue.external() && candidate.digest && candidate.bytes > ask_.carry_max;
      const std::size_t loaded = candidate.leave_body ? 0 : candidate.bytes;
      if (!answer_.rows.empty() && bytes_ + loaded > ask_.max_bytes) {
        full_ = true;
        return;
      }
      if (turn.round_bytes > 0 && turn.round_bytes + loaded > share) {
        turn.drained = false;  // it goes on in the next round
        return;
      }
      turn.round_bytes += loaded;
      bytes_ += loaded;
      skip(turn, candidate);
      choose(turn, std::move(candidate), std::move(*message), queue);
      if (turn.probe) turn.drained = true;
    }
  }

  static void skip(RouteTurn& turn, const Candidate& candidate) {
    turn.turn.after_time = candidate.next_try_time;
    turn.turn.after_status = static_cast<int>(candidate.status);
    turn.turn.after_arrival = candidate.arrival;
  }

  [[nodiscard]] QueueName queue_of(const RouteTurn& turn, const Candidate& candidate) const {
    if (candidate.queue) return *candidate.queue;
    return ask_.routes ? ask_.routes->queue_for(turn.turn.route) : QueueName{};
  }

  void choose(const RouteTurn& turn, Candidate candidate, Message message, const QueueName& queue) {
    TakenRow row{.message = std::move(message),
                 .digest = candidate.digest,
                 .queue = queue,
                 .publish_number = candidate.publish_count + 1,
                 .publish_time = now_,
                 .crash_count = candidate.crash_count,
                 .from = candidate.status,
                 .foreign = candidate.publish_count == 0 && !candidate.queue};
    if (candidate.leave_body) row.body_in_log = candidate.bytes;
    row.after_doubt = row.queue.external() && candidate.publish_count > 0;
    has_crashed_ = has_crashed_ || candidate.crash_count > 0;
    answer_.last_route = turn.turn.route;
    answer_.rows.push_back(std::move(row));
    chosen_.push_back(std::move(candidate));
    if (++handled_ >= ask_.max_rows) full_ = true;
  }

  void take_chosen() {
    if (chosen_.empty()) return;
    std::vector<QueueName> queues;
    for (const TakenRow& row : answer_.rows) queues.push_back(row.queue);
    // A grace of nothing would leave the row due within this very take.
    auto bodies = store_.take(chosen_, queues, now_, now_ + std::max(ask_.grace, Duration{1}), ask_.boot);
    if (bodies.size() != chosen_.size()) return;  // only after a failure
    for (std::size_t i = 0; i < bodies.size(); ++i) answer_.rows[i].message.body = std::move(bodies[i]);
  }

  // After a run with room to spare, what is due and left is left for other reasons, and waits for nothing.
  void look_ahead() {
    const auto from = full_ ? std::nullopt : std::optional(now_);
    if (!open_routes_.empty()) may_be_next(store_.next_due(open_routes_, from));
    may_be_next(store_.next_lease_end(from, routes_left_alone(/*with_probes=*/true)));
    const bool lacked_room = full_ && answer_.next_due && *answer_.next_due <= now_;
    answer_.more = answer_.more || lacked_room;
    if (answer_.partial && !lacked_room) answer_.last_route = std::move(last_looked_at_);
  }

  void may_be_next(std::optional<WallTime> time) {
    if (time) answer_.next_due = std::min(answer_.next_due.value_or(*time), *time);
  }

  RowStore& store_;
  const Take& ask_;
  const WallTime now_;
  TakeAnswer answer_;
  std::vector<Candidate> chosen_;  ///< in the order of the answer's rows
  std::vector<Route> open_routes_;
  std::vector<RouteTurn> turns_;
  std::optional<Route> last_looked_at_;
  std::size_t handled_ = 0;  ///< rows taken and rows reported, which are what bounds the run
  std::size_t bytes_ = 0;
  bool has_crashed_ = false;
  bool full_;
};

}  // namespace

TakeAnswer run_take(RowStore& store, const Take& ask, WallTime now, const EndLapsed& end_lapsed) {
  return TakeRun(store, ask, now).run(end_lapsed);
}

}  // namespace waybill::rows
