#include "engine/node.h"

#include <utility>

#include "base/log.h"
#include "engine/intake_service.h"
#include "engine/lapse_report.h"
#include "engine/pruner.h"
#include "engine/publisher.h"
#include "engine/reconciler.h"
#include "engine/redeliverer.h"
#include "engine/worker.h"

namespace waybill {

class Node::Impl {
 public:
  Impl(Parts parts, EngineOptions options, EngineFaults faults)
      : parts_(parts),
        options_(std::move(options)),
        publisher_(
            parts_.loop, parts_.lane, parts_.health, options_, parts_.metrics, [this] { redeliverer_.hint(); },
            PublisherFaults{faults.ignore_returns}),
        redeliverer_(parts_.loop, parts_.lane, parts_.health, publisher_, options_, parts_.metrics),
        intake_(parts_.loop, parts_.lane, publisher_, parts_.clock, options_, parts_.metrics),
        pruner_(parts_.loop, parts_.lane, parts_.health, options_, parts_.metrics),
        stop_timer_(parts_.loop, [this] { on_grace_over(); }),
        declare_timer_(parts_.loop, [this] { declare_again(); }),
        lapse_timer_(parts_.loop, [this] { lapse_former_boot(); }) {
    if (parts_.handlers == nullptr) return;
    worker_ = std::make_unique<Worker>(
        parts_.loop, parts_.lane, parts_.health, *parts_.handlers, publisher_.waiting_marks(), options_, parts_.metrics,
        [this] { on_worker_turn(); }, WorkerFaults{faults.ack_before_commit});
    reconciler_ =
        std::make_unique<Reconciler>(parts_.loop, parts_.lane, parts_.health, *worker_, options_, parts_.metrics,
                                     parts_.broker.forgets_at_exit(), [this] { redeliverer_.hint(); });
  }

  ~Impl() { *alive_ = false; }

  Status start() {
    const bool uses_broker = options_.relay || parts_.handlers != nullptr;
    Status declared = uses_broker ? parts_.broker.declare(options_.topology) : ok_status();
    const bool unreachable = !declared.ok() && declared.error().what == ErrorClass::kRetry;
    // What exists and differs, or is missing, does not fit what is configured.
    if (!declared.ok() && !unreachable) {
      return make_error(ErrorClass::kPermanent, declared.error().message, declared.error().code);
    }
    post([this, unreachable] {
      if (unreachable) declare_timer_.arm(parts_.loop.now() + kDeclareAgain);
      start_on_loop();
    });
    return ok_status();
  }

  void begin_stop(MonoTime deadline, std::function<void()> done) {
    post([this, deadline, done = std::move(done)]() mutable {
      on_stopped_ = std::move(done);
      declare_timer_.disarm();
      lapse_timer_.disarm();
      stopping_ = true;
      redeliverer_.stop();
      publisher_.stop();
      pruner_.stop();
      if (reconciler_) reconciler_->stop();
      stop_timer_.arm(deadline);
      if (worker_) worker_->stop_taking();
      check_stopped();
    });
  }

  void hint() {
    post([this] {
      if (options_.relay && started_ && !stopping_) redeliverer_.hint();
    });
  }

  Left left() const { return left_; }
  Intake& intake() { return intake_; }
  bool ready(std::string* reason) const { return intake_.ready(reason); }

 private:
  // After the grace the releases still have to be recorded; they get this long.
  static constexpr Duration kReleaseTime{2'000};
  static constexpr Duration kDeclareAgain{1'000};
  static constexpr Duration kLapseAgain{200};

  void post(Task task) {
    parts_.loop.post([alive = alive_, task = std::move(task)] {
      if (*alive) task();
    });
  }

  // The broker was not there at the start; intake goes on meanwhile.
  void declare_again() {
    const Status declared = parts_.broker.declare(options_.topology);
    if (declared.ok()) return;
    const std::string& why = declared.error().message;
    if (declared.error().what != ErrorClass::kRetry && why != std::exchange(topology_refused_, why)) {
      log_event(LogLevel::kError, "node", "the broker refused the topology: it is tried again", {{"error", why}});
    }
    declare_timer_.arm(parts_.loop.now() + kDeclareAgain);
  }

  void start_on_loop() {
    started_ = true;
    intake_.start();
    if (options_.former_boot_is_dead) lapse_former_boot();
    if (options_.relay) publisher_.start(parts_.broker);
    if (worker_) worker_->start(parts_.broker);
    if (!options_.relay) return;
    redeliverer_.start();
    if (reconciler_) reconciler_->start();
    pruner_.start();
  }

  void lapse_former_boot() {
    LapseOwner lapse;
    lapse.successor = options_.owner;
    lapse.rule = LapseRule{true, std::nullopt, options_.crash_limit, options_.unknown, options_.dead_letter};
    submit_for<LapseAnswer>(parts_.lane, lapse, parts_.loop.now() + options_.write_deadline,
                            [this, alive = alive_, limit = lapse.limit](Result<LapseAnswer> answer) {
                              if (!*alive || stopping_) return;
                              if (!answer.ok()) return lapse_timer_.arm(parts_.loop.now() + kLapseAgain);
                              if (answer->rows >= limit) lapse_former_boot();
                              if (answer->rows == 0) return;
                              report_lapses(parts_.metrics, "node", "attempts of a former run lapsed", answer->rows,
                                            answer->ended);
                              redeliverer_.hint();
                            });
  }

  void on_grace_over() {
    if (!on_stopped_) return;
    if (!grace_over_ && worker_) {
      grace_over_ = true;
      worker_->release_unbegun();
      stop_timer_.arm(parts_.loop.now() + kReleaseTime);
      check_stopped();
      return;
    }
    finish_stop();
  }

  void on_worker_turn() {
    const bool held = std::exchange(held_crashed_, worker_->holds_crashed());
    if (held && !held_crashed_) redeliverer_.crashed_handled();
    check_stopped();
  }

  void check_stopped() {
    if (!on_stopped_) return;
    const bool quiet = !worker_ || worker_->idle() || (grace_over_ && worker_->only_begun());
    // Not from inside the worker's own turn, which calls this.
    if (quiet) post([this] { finish_stop(); });
  }

  void finish_stop() {
    if (!on_stopped_) return;
    stop_timer_.disarm();
    intake_.stop();
    if (worker_) {
      left_ = {worker_->runs_handlers(), worker_->open_attempts()};
      worker_->close();
    }
    std::exchange(on_stopped_, nullptr)();
  }

  const Parts parts_;
  const EngineOptions options_;
  Publisher publisher_;
  Redeliverer redeliverer_;
  IntakeService intake_;
  Pruner pruner_;
  std::unique_ptr<Worker> worker_;
  std::unique_ptr<Reconciler> reconciler_;
  Timer stop_timer_;
  Timer declare_timer_;
  Timer lapse_timer_;
  std::function<void()> on_stopped_;
  Left left_;
  std::string topology_refused_;  // why, as told last
  bool started_ = false;
  bool stopping_ = false;
  bool grace_over_ = false;
  bool held_crashed_ = false;                                   // by the worker, after its last turn
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // tasks after the end find it false
};

Node::Node(Parts parts, EngineOptions options, EngineFaults faults)
    : impl_(std::make_unique<Impl>(parts, std::move(options), faults)) {}
Node::~Node() = default;
Status Node::start() { return impl_->start(); }
void Node::begin_stop(MonoTime deadline, std::function<void()> done) { impl_->begin_stop(deadline, std::move(done)); }
void Node::hint() { impl_->hint(); }
Node::Left Node::left() const { return impl_->left(); }
Intake& Node::intake() { return impl_->intake(); }
bool Node::ready(std::string* reason) const { return impl_->ready(reason); }

}  // namespace waybill
