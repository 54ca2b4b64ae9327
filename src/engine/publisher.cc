#include "engine/publisher.h"

#include <utility>

#include "base/fault_point.h"
#include "base/log.h"
#include "engine/refusal.h"

namespace waybill {
namespace {

constexpr const char* kComponent = "publisher";
/// A full queue of the in-process broker blocks for a few milliseconds at a time; that is its normal back-pressure.
constexpr Duration kBlockedToldAfter{500};
/// With more closed at once, the log would say nothing else.
constexpr std::size_t kRoutesToldMax = 64;

}  // namespace

Publisher::Publisher(Loop& loop, LogLane& lane, const LogHealth& health, const EngineOptions& options, Metrics& metrics,
                     std::function<void()> on_room, PublisherFaults faults)
    : loop_(loop),
      lane_(lane),
      health_(health),
      write_deadline_(options.write_deadline),
      metrics_(metrics),
      on_room_(std::move(on_room)),
      machine_(options.publisher, options.log_identity, options.seed ^ 0x9e3779b97f4a7c15U, faults),
      waiting_marks_(options.publisher.mark_hold),
      timer_(loop, [this] { perform(machine_.on_tick(loop_.now())); }),
      marks_timer_(loop, [this] { submit_due_marks(); }),
      blocked_timer_(loop, [this] { tell_blocked(); }) {}

Publisher::~Publisher() {
  *alive_ = false;
  session_.reset();
}

void Publisher::start(Broker& broker) { session_ = broker.open_publisher(*this); }

void Publisher::stop() {
  stopped_ = true;
  accepts_fresh_ = false;
  session_.reset();
  timer_.disarm();
  marks_timer_.disarm();
  blocked_timer_.disarm();
  for (auto& mark : waiting_marks_.take_all()) submit(std::move(mark));
}

void Publisher::publish_fresh(PublishRow row) {
  if (stopped_ || fault_active("skip_publish")) return;
  // A row without room leaves memory here: its clock in the log brings it back.
  if (!machine_.offer_fresh(std::move(row)) || std::exchange(pump_posted_, true)) return;
  // The rows of one flush are answered in one turn: they go to the broker in one call.
  on_loop([this] {
    pump_posted_ = false;
    if (!stopped_) perform(machine_.pump(loop_.now()));
  });
}

void Publisher::publish_due(std::vector<TakenRow> rows, MonoTime asked) {
  if (stopped_) return;
  machine_.offer_due(std::move(rows), asked);
  perform(machine_.pump(loop_.now()));
}

void Publisher::on_loop(std::function<void()> event) {
  loop_.post([alive = alive_, event = std::move(event)] {
    if (*alive) event();
  });
}

void Publisher::on_publish_ready() {
  on_loop([this] {
    blocked_timer_.disarm();
    blocked_told_ = false;
    if (std::exchange(ready_untold_, false)) log_event(LogLevel::kInfo, kComponent, "the broker is ready");
    perform(machine_.on_ready(loop_.now()));
  });
}

void Publisher::on_blocked(std::string reason) {
  on_loop([this, reason = std::move(reason)] {
    blocked_reason_ = reason;
    if (!blocked_told_) blocked_timer_.arm(loop_.now() + kBlockedToldAfter);
    perform(machine_.on_blocked());
  });
}

void Publisher::tell_blocked() {
  blocked_told_ = ready_untold_ = true;
  log_event(LogLevel::kWarning, kComponent, "the broker takes no more for now", {{"reason", blocked_reason_}});
}

void Publisher::on_publish_down(std::string reason) {
  on_loop([this, reason = std::move(reason)] {
    blocked_timer_.disarm();
    ready_untold_ = true;
    log_event(LogLevel::kWarning, kComponent, "publishing was interrupted", {{"reason", reason}});
    perform(machine_.on_down(loop_.now()));
  });
}

void Publisher::on_returned(PublishTag tag, int code, std::string text) {
  on_loop([this, tag, code, text = std::move(text)] { machine_.on_returned(tag, code, text); });
}

void Publisher::on_confirmed(std::vector<PublishTag> acked, std::vector<PublishTag> nacked) {
  on_loop([this, acked = std::move(acked), nacked = std::move(nacked)] {
    const MonoTime now = loop_.now();
    perform(machine_.on_confirmed(acked, nacked, now, health_.store_now(now)));
  });
}

void Publisher::perform(PublisherMachine::Actions actions) {
  if (stopped_) return;
  count(actions);
  tell(actions.routes);
  if (!actions.publish.empty()) {
    crash_point("before_publish");
    if (!session_->publish(actions.publish)) {
      auto more = machine_.on_not_taken(actions.publish, loop_.now());
      std::move(more.marks.begin(), more.marks.end(), std::back_inserter(actions.marks));
    }
    crash_point("after_publish");
  }
  if (!actions.marks.empty()) crash_point("before_mark");
  const MonoTime now = loop_.now();
  for (auto& mark : actions.marks) {
    if (auto* sent = std::get_if<MarkSent>(&mark)) {
      waiting_marks_.add(std::move(*sent), now);
    } else if (auto* refused = std::get_if<Refuse>(&mark)) {
      refuse_unpublishable(lane_, now + write_deadline_, std::move(refused->id), std::move(refused->reason));
    } else {
      submit(std::get<MarkFailed>(std::move(mark)));
    }
  }
  submit_due_marks();
  settle();
}

void Publisher::count(const PublisherMachine::Actions& actions) {
  metrics_.add(Count::kPublishedFresh, actions.publish.size() - actions.due);
  metrics_.add(Count::kPublishedDue, actions.due);
  for (const auto& wait : actions.answered_after) metrics_.observe(Measure::kConfirmSeconds, wait);
  for (const auto& mark : actions.marks) {
    if (std::holds_alternative<Refuse>(mark)) {
      metrics_.add(Count::kUnreadable);
      continue;
    }
    const auto* failed = std::get_if<MarkFailed>(&mark);
    metrics_.add(failed == nullptr                ? Count::kConfirmed
                 : failed->kind == kEventReturned ? Count::kReturned
                 : failed->kind == kEventNacked   ? Count::kNacked
                                                  : Count::kInDoubt);
  }
}

void Publisher::tell(const std::vector<PublisherMachine::RouteChange>& routes) {
  for (const auto& [route, why] : routes) {
    if (why.empty()) {
      log_event(LogLevel::kInfo, kComponent, "route opened",
                {{"exchange", route.exchange}, {"routing_key", route.routing_key}});
    } else if (machine_.closed_routes() <= kRoutesToldMax) {
      log_event(LogLevel::kWarning, kComponent, "route closed: one row at a time probes it",
                {{"exchange", route.exchange}, {"routing_key", route.routing_key}, {"reason", why}});
    }
  }
}

void Publisher::submit_due_marks() {
  for (auto& mark : waiting_marks_.take_due(loop_.now())) submit(std::move(mark));
  if (const auto due = waiting_marks_.next_due()) marks_timer_.arm(*due);
}

void Publisher::submit(Write mark) {
  // A mark that gets lost leaves the row in `sending`, whose clock drives it again.
  lane_.submit(std::move(mark), loop_.now() + write_deadline_, [](const Result<Answer>&) {});
}

void Publisher::settle() {
  accepts_fresh_ = ready() && machine_.accepts_fresh();
  if (const auto deadline = machine_.next_deadline()) timer_.arm(*deadline);
  const bool room = ready() && machine_.room_for_due() > 0;
  if (room && !had_room_) on_room_();
  had_room_ = room;
}

}  // namespace waybill
