#include "engine/publisher.h"

#include <utility>

#include "base/fault_point.h"

namespace waybill {

void RecentConfirms::add(const MessageId& id, WallTime time) {
  if (!times_.insert_or_assign(id.value, time).second) return;
  order_.push_back(id.value);
  if (order_.size() > kMax) {
    times_.erase(order_.front());
    order_.pop_front();
  }
}

std::optional<WallTime> RecentConfirms::find(const MessageId& id) const {
  const auto found = times_.find(id.value);
  return found == times_.end() ? std::nullopt : std::optional(found->second);
}

Publisher::Publisher(Loop& loop, LogLane& lane, const LogHealth& health, const EngineOptions& options,
                     std::function<void()> on_room, PublisherFaults faults)
    : loop_(loop),
      lane_(lane),
      health_(health),
      write_deadline_(options.write_deadline),
      on_room_(std::move(on_room)),
      machine_(options.publisher, options.log_identity, options.seed ^ 0x9e3779b97f4a7c15U, faults),
      timer_(loop, [this] { perform(machine_.on_tick(loop_.now())); }) {}

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
}

void Publisher::publish_fresh(PublishRow row) {
  if (stopped_ || fault_active("skip_publish")) return;
  // A row without room leaves memory here: its clock in the log brings it back.
  if (machine_.offer_fresh(std::move(row))) perform(machine_.pump(loop_.now()));
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
  on_loop([this] { perform(machine_.on_ready(loop_.now())); });
}

void Publisher::on_blocked(std::string /*reason*/) {
  on_loop([this] { perform(machine_.on_blocked()); });
}

void Publisher::on_publish_down(std::string /*reason*/) {
  on_loop([this] { perform(machine_.on_down()); });
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
  if (!actions.publish.empty()) {
    crash_point("before_publish");
    if (!session_->publish(actions.publish)) {
      auto more = machine_.on_not_taken(actions.publish);
      std::move(more.marks.begin(), more.marks.end(), std::back_inserter(actions.marks));
    }
    crash_point("after_publish");
  }
  if (!actions.marks.empty()) crash_point("before_mark");
  for (auto& mark : actions.marks) {
    if (const auto* sent = std::get_if<MarkSent>(&mark)) confirms_.add(sent->id, sent->confirm_time);
    std::visit([this](auto& m) { submit(std::move(m)); }, mark);
  }
  settle();
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
