#include <algorithm>
#include <utility>

#include "core/wire_limits.h"
#include "testing/memory_log/batch.h"

namespace waybill {
namespace {

// A grace of nothing would leave the row due within the very take.
constexpr Duration kGraceMin{1};

using Gate = ClosedRoutes::Gate;

/// One run of Take: pulls forward what stands too far ahead, ends what lapsed, then goes round the routes.
class TakeRun {
 public:
  TakeRun(const Take& ask, Batch& batch) : ask_(ask), batch_(batch) {}

  TakeAnswer run() {
    answer_.store_now = batch_.now;
    const bool lapses = batch_.may_lapse(ask_.lapse);
    if (ask_.sweep && !batch_.drop.take_ignores_sweep) {
      pull_forward(*ask_.sweep, lapses || batch_.drop.sweep_shortens_standing_leases);
    }
    if (lapses) end_lapsed();
    look_at_routes();
    go_round();
    answer_.next_due = full_ ? batch_.now : earliest_ahead();
    answer_.more = answer_.more || full_;
    if (answer_.partial && !full_ && !batch_.drop.take_forgets_where_it_stopped)
      answer_.last_route = *looked_at_.back();
    return std::move(answer_);
  }

 private:
  using Entries = std::set<TimeOrder::Entry>;
  // Where a route's turn goes on.
  struct Turn {
    const Route* route;
    Entries::const_iterator next;
    Entries::const_iterator end;
    bool probe;
  };

  [[nodiscard]] bool is_left_alone(const Route& route) const {
    return gate_of(ask_.closed, route) == Gate::kClosed && !batch_.drop.take_ignores_closed_routes;
  }

  // All are driven by `next_try_time`, so pulling that forward is all it takes. Leases stand while none may lapse.
  void pull_forward(const Sweep& sweep, bool with_attempts) {
    std::vector<StoredRow*> far;
    for (const auto& [route, order] : batch_.rows.due()) {
      if (is_left_alone(route)) continue;
      const auto first = order.after(batch_.now);
      for (auto entry = order.entries().end(); entry != first && far.size() < ask_.max_rows;) {
        --entry;
        if (entry->row->owner && !with_attempts) continue;
        if (is_too_far(*entry->row, sweep)) far.push_back(entry->row);
      }
    }
    for (StoredRow* row : far) {
      batch_.rows.edit(*row, [&](StoredRow& r) {
        r.next_try_time = std::max(batch_.now, r.message.not_before.value_or(batch_.now));
      });
    }
  }

  [[nodiscard]] bool is_too_far(const StoredRow& row, const Sweep& sweep) const {
    const WallTime explained = batch_.now + longest_wait(row, sweep);
    return *row.next_try_time > std::max(explained, row.message.not_before.value_or(explained));
  }

  [[nodiscard]] static Duration longest_wait(const StoredRow& row, const Sweep& sweep) {
    if (row.owner) return sweep.lease;
    switch (row.status) {
      case State::kSendFailed:
        return row.foreign() ? sweep.sending : sweep.send_failed;
      case State::kConsumeFailed:
      case State::kOutcomeUnknown:
        return sweep.retry;
      case State::kSending:
      case State::kSent:
      case State::kConsumed:
      case State::kDead:
      case State::kCancelled:
        break;
    }
    return sweep.sending;
  }

  void end_lapsed() {
    std::vector<StoredRow*> lapsed;
    for (const auto& entry : batch_.rows.attempts().entries()) {
      if (entry.at > batch_.now && !batch_.drop.take_ignores_lease) break;
      if (lapsed.size() == ask_.max_rows) break;
      if (!is_left_alone(entry.row->message.route)) lapsed.push_back(entry.row);
    }
    answer_.ended = batch_.lapse_all(lapsed, ask_.lapse);
    answer_.lapsed = static_cast<int>(lapsed.size());
  }

  // In their order, beginning beyond the route where the last take ended; no more of them than are allowed.
  void look_at_routes() {
    for (const auto& [route, order] : batch_.rows.due()) {
      const bool unowned = std::ranges::any_of(order.entries(), [](const auto& entry) { return !entry.row->owner; });
      if (unowned) looked_at_.push_back(&route);
    }
    const auto is_beyond = [&](const Route* route) { return ask_.after && *route > *ask_.after; };
    const auto begin = std::ranges::find_if(looked_at_, is_beyond);
    const auto to_the_last = static_cast<std::size_t>(looked_at_.end() - begin);
    std::ranges::rotate(looked_at_, begin);
    answer_.partial = looked_at_.size() > ask_.max_routes && !batch_.drop.take_looks_at_every_route;
    if (!answer_.partial) return;
    const bool came_to_the_last = ask_.after && to_the_last <= ask_.max_routes;
    answer_.more = !came_to_the_last || batch_.drop.take_goes_round_without_end;
    looked_at_.resize(ask_.max_routes);
  }

  // One row of each route in turn.
  void go_round() {
    std::vector<Turn> turns;
    for (const Route* route : looked_at_) {
      const auto& entries = batch_.rows.due().at(*route).entries();
      if (is_left_alone(*route)) continue;
      turns.push_back({route, entries.begin(), entries.end(), gate_of(ask_.closed, *route) == Gate::kProbe});
    }
    while (!turns.empty() && !full_) {
      std::erase_if(turns, [&](Turn& turn) { return !full_ && !take_one_of(turn); });
    }
  }

  // False if the route has nothing more to give.
  bool take_one_of(Turn& turn) {
    while (turn.next != turn.end && turn.next->at <= batch_.now) {
      StoredRow& row = *turn.next->row;
      if (!may_take(row)) {
        ++turn.next;
        continue;
      }
      if (!has_room_for(row)) {
        full_ = true;
        return true;
      }
      ++turn.next;  // taking the row moves it within the order
      if (Status publishable = check(row); !publishable.ok()) {
        answer_.unreadable.emplace_back(row.message.id, publishable.error().message);
        continue;
      }
      take(row);
      if (batch_.drop.take_unfair && !turn.probe) continue;
      return !turn.probe;
    }
    return false;
  }

  [[nodiscard]] bool may_take(const StoredRow& row) const {
    if (row.owner || (row.status == State::kSent && !row.foreign())) return false;
    return row.crash_count == 0 || (ask_.with_crashed && !has_crashed_) || batch_.drop.take_many_crashed;
  }

  // Rows of other programs were never looked at before; what is wrong with another's body or names is damage.
  [[nodiscard]] Status check(const StoredRow& row) const {
    const Message& message = row.message;
    if (message.body.size() > ask_.max_body) {
      return make_error(ErrorClass::kPermanent, "too_large: " + std::to_string(message.body.size()) + " bytes");
    }
    if (!row.queue && !batch_.drop.take_publishes_unusable_ids) {
      if (Status id = validate_message_id(message.id.value); !id.ok()) return id;
    }
    if (batch_.drop.take_publishes_what_no_broker_carries) return ok_status();
    if (Status route = validate_route(message.route); !route.ok()) return route;
    if (Status type = validate_content_type(message.content_type); !type.ok()) return type;
    return validate_headers(message.headers);
  }

  [[nodiscard]] QueueName queue_of(const StoredRow& row) const {
    if (row.queue) return *row.queue;
    return ask_.routes ? ask_.routes->queue_for(row.message.route) : QueueName{};
  }
  [[nodiscard]] bool leaves_body(const StoredRow& row) const {
    const bool may_stay = !queue_of(row).external() && row.digest;
    return may_stay && row.message.body.size() > ask_.carry_max && !batch_.drop.take_loads_every_body;
  }
  [[nodiscard]] std::size_t loaded_of(const StoredRow& row) const {
    return leaves_body(row) ? 0 : row.message.body.size();
  }

  [[nodiscard]] bool has_room_for(const StoredRow& row) const {
    if (answer_.rows.size() + answer_.unreadable.size() >= ask_.max_rows) return false;
    const bool fits = bytes_ + loaded_of(row) <= ask_.max_bytes || batch_.drop.take_ignores_byte_limit;
    return fits || answer_.rows.empty() || row.message.body.size() > ask_.max_body;
  }

  void take(StoredRow& row) {
    TakenRow taken{.from = row.status, .foreign = row.foreign()};
    if (leaves_body(row)) taken.body_in_log = row.message.body.size();
    bytes_ += loaded_of(row);
    taken.after_doubt = row.external() && row.publish_count > 0;
    batch_.change(row, Verb::kTake, [&](StoredRow& r) {
      if (r.message.not_before && *r.message.not_before <= batch_.now) r.message.not_before.reset();
      send_again(r, batch_.now + std::max(ask_.grace, kGraceMin), batch_.drop.take_keeps_publish_number);
      if (batch_.drop.clock_not_rearmed_on_take) r.next_try_time.reset();
      r.publish_boot = ask_.boot;
      r.publish_time = batch_.now;
      r.confirm_time.reset();
      if (!r.queue && ask_.routes && !batch_.drop.take_leaves_queue_open) {
        r.queue = ask_.routes->queue_for(r.message.route);
      }
    });
    has_crashed_ = has_crashed_ || row.crash_count > 0;
    taken.message = row.message;
    if (taken.body_in_log) taken.message.body = Body();
    taken.digest = row.digest;
    taken.queue = row.queue.value_or(QueueName{});
    taken.publish_number = row.publish_count;
    taken.publish_time = batch_.now;
    taken.crash_count = row.crash_count;
    answer_.last_route = row.message.route;
    answer_.rows.push_back(std::move(taken));
  }

  [[nodiscard]] std::optional<WallTime> earliest_ahead() const {
    std::optional<WallTime> earliest;
    const auto may_be_next = [&](const TimeOrder::Entry& entry) {
      if (gate_of(ask_.closed, entry.row->message.route) != Gate::kOpen) return;
      earliest = std::min(earliest.value_or(entry.at), entry.at);
    };
    for (const Route* route : looked_at_) {
      const TimeOrder& order = batch_.rows.due().at(*route);
      if (const auto entry = order.after(batch_.now); entry != order.entries().end()) may_be_next(*entry);
    }
    const TimeOrder& attempts = batch_.rows.attempts();
    std::for_each(attempts.after(batch_.now), attempts.entries().end(), may_be_next);
    return earliest;
  }

  const Take& ask_;
  Batch& batch_;
  TakeAnswer answer_;
  std::vector<const Route*> looked_at_;
  std::size_t bytes_ = 0;
  bool has_crashed_ = false;
  bool full_ = false;  ///< a due row was left for lack of room
};

}  // namespace

Result<Answer> apply(const Take& write, Batch& batch) { return Answer(TakeRun(write, batch).run()); }

}  // namespace waybill
