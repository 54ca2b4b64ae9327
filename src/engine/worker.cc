#include "engine/worker.h"

#include <map>
#include <utility>

#include "base/fault_point.h"
#include "base/log.h"
#include "engine/worker_report.h"

namespace waybill {
namespace {

constexpr const char* kComponent = "worker";
constexpr const char* kBeforeAck = "before_ack";

std::string text_of(const DeliveryTag& tag) { return std::to_string(tag.epoch) + "/" + std::to_string(tag.number); }

std::map<QueueName, bool> marks_of(const EngineOptions& options, const HandlerRunner& handlers) {
  std::map<QueueName, bool> marks;
  for (const auto& queue : options.queues) marks[queue] = handlers.marks_effect(queue);
  return marks;
}

}  // namespace

Worker::Worker(Loop& loop, LogLane& lane, const LogHealth& health, HandlerRunner& handlers, WaitingMarks& marks,
               const EngineOptions& options, Metrics& metrics, std::function<void()> on_change, WorkerFaults faults)
    : loop_(loop),
      lane_(lane),
      health_(health),
      handlers_(handlers),
      marks_(marks),
      options_(options),
      metrics_(metrics),
      on_change_(std::move(on_change)),
      machine_(options, marks_of(options, handlers), faults),
      timer_(loop, [this] { perform(machine_.on_tick(moment())); }),
      events_(loop, [this](Event event) { std::visit([this](auto& e) { take(std::move(e)); }, event); }) {}

Worker::~Worker() {
  *alive_ = false;
  session_.reset();
}

void Worker::start(Broker& broker) { session_ = broker.open_consumer(*this); }

void Worker::stop_taking() {
  stopping_ = true;
  perform(machine_.stop_taking(moment()));
}

void Worker::release_unbegun() { perform(machine_.release_unbegun(moment())); }

void Worker::close() {
  acknowledge();
  session_.reset();
  timer_.disarm();
}

WorkerMoment Worker::moment() const {
  const MonoTime now = loop_.now();
  return {now, health_.may_lapse(now), health_.store_now(now)};
}

void Worker::on_consume_ready() { events_.put(Ready{}); }
void Worker::on_delivery(Delivery delivery) { events_.put(std::move(delivery)); }
void Worker::on_rejected_unread() { events_.put(RejectedUnread{}); }
void Worker::on_cancelled(QueueName queue, std::string reason) {
  events_.put(Cancelled{std::move(queue), std::move(reason)});
}
void Worker::on_consume_down(std::string reason) { events_.put(Down{std::move(reason)}); }

void Worker::take(Ready /*event*/) {
  if (std::exchange(interrupted_, false)) log_event(LogLevel::kInfo, kComponent, "consuming again");
  perform(machine_.on_ready(moment()));
}

void Worker::take(RejectedUnread /*event*/) { metrics_.add(Count::kForeignRejected); }

void Worker::take(Delivery delivery) {
  trace_point(kBeforeAck, [&] { return "delivery " + text_of(delivery.tag) + " " + delivery.id; });
  perform(machine_.on_delivery(std::move(delivery), moment()));
}

void Worker::take(Cancelled event) {
  log_event(LogLevel::kWarning, kComponent, "the broker ended a subscription",
            {{"queue", event.queue.value}, {"reason", event.reason}});
  perform(machine_.on_cancelled(event.queue, moment()));
}

void Worker::take(Down event) {
  interrupted_ = true;
  log_event(LogLevel::kWarning, kComponent, "consuming was interrupted", {{"reason", event.reason}});
  perform(machine_.on_down(moment()));
}

void Worker::perform(WorkerMachine::Actions actions) {
  act_on(std::move(actions));
  if (machine_.owes_acks()) acknowledge_soon();
  if (const auto tick = machine_.next_tick()) timer_.arm(*tick);
  on_change_();
}

void Worker::act_on(WorkerMachine::Actions actions) {
  for (auto& action : actions) {
    std::visit([this](auto& a) { act(std::move(a)); }, action);
  }
}

// The answers to one flush come in one turn of the loop.
void Worker::acknowledge_soon() {
  if (std::exchange(will_acknowledge_, true)) return;
  loop_.post([this, alive = alive_] {
    if (*alive) acknowledge();
  });
}

void Worker::acknowledge() {
  will_acknowledge_ = false;
  act_on(machine_.acknowledge());
}

void Worker::act(WorkerMachine::Submit submit) {
  if (auto* finish = std::get_if<Finish>(&submit.write)) {
    finish->times.confirm_time = marks_.withdraw(finish->fence.id, submit.publish_number);
  }
  const MonoTime sent = loop_.now();
  auto asked = remember(submit.write, submit.late);
  lane_.submit(std::move(submit.write), sent + options_.write_deadline,
               [this, alive = alive_, key = submit.key, sent, asked = std::move(asked)](Result<Answer> answer) {
                 if (!*alive) return;
                 report(metrics_, asked, answer, loop_.now() - sent);
                 perform(machine_.on_answer(key, std::move(answer), sent, moment()));
               });
}

void Worker::act(WorkerMachine::Start start) {
  HandlerRunner::Callbacks callbacks;
  callbacks.on_begin_effect = [this, alive = alive_, key = start.key](std::function<void(bool)> proceed) {
    if (!*alive) return proceed(false);
    effects_asked_[key] = std::move(proceed);
    perform(machine_.on_begin_effect(key, moment()));
  };
  callbacks.on_finished = [this, alive = alive_, key = start.key, began = loop_.now()](AttemptReport ended) {
    if (!*alive) return;
    metrics_.observe(Measure::kHandleSeconds, loop_.now() - began);
    perform(machine_.on_finished(key, std::move(ended), moment()));
  };
  handlers_.start(start.key, start.queue, std::move(start.attempt), std::move(callbacks));
}

void Worker::act(WorkerMachine::AnswerEffect answer) {
  auto asked = effects_asked_.extract(answer.key);
  if (!asked.empty()) asked.mapped()(answer.proceed);
}

void Worker::act(WorkerMachine::CancelHandler cancel) { handlers_.cancel(cancel.key); }

void Worker::act(WorkerMachine::Ack ack) {
  if (!session_) return;
  crash_point(kBeforeAck);
  trace_point(kBeforeAck, [&] { return "ack " + text_of(ack.tag) + (ack.multiple ? " multiple" : ""); });
  session_->ack(ack.tag, ack.multiple);
  crash_point("after_ack");
}

void Worker::act(WorkerMachine::Requeue requeue) {
  if (session_) session_->requeue(requeue.tag);
}

void Worker::act(WorkerMachine::Reject reject) {
  metrics_.add(Count::kForeignRejected);
  log_event(LogLevel::kWarning, kComponent, "delivery rejected", {{"msg_id", reject.id}, {"reason", reject.reason}});
  if (session_) session_->reject(reject.tag);
}

void Worker::act(WorkerMachine::Subscribe subscribe) {
  if (session_) session_->subscribe(subscribe.queue, options_.worker.prefetch);
}

void Worker::act(WorkerMachine::Unsubscribe unsubscribe) {
  if (!stopping_) {
    log_event(LogLevel::kWarning, kComponent, "no handler slot for a minute: consuming pauses until one is free",
              {{"queue", unsubscribe.queue.value}});
  }
  if (session_) session_->cancel(unsubscribe.queue);
}

}  // namespace waybill
