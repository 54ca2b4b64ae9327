// Handlers on virtual time: they do what the plan says, note every effect in the audit, and sometimes take their node
// down with them.
#pragma once

#include <functional>
#include <unordered_map>

#include "ports/handler.h"
#include "testing/sim_loop.h"
#include "testing/simulator/audit.h"
#include "testing/simulator/lies.h"
#include "testing/simulator/sim_store.h"

namespace waybill::sim {

class SimHandlers final : public HandlerRunner {
 public:
  /// What this attempt does, and how long it takes.
  using Script = std::function<std::pair<Act, Duration>(const Attempt&)>;

  /// `crash` kills the node for an act that says so.
  SimHandlers(SimNode& node, const Plan& plan, const EngineOptions& options, Audit& audit, Script script,
              CrashProbe probe, std::function<void()> crash, const Lies& lies);
  ~SimHandlers() override { *alive_ = false; }

  [[nodiscard]] bool marks_effect(const QueueName&) const override { return marks_; }
  void start(std::uint64_t key, const QueueName& queue, Attempt attempt, Callbacks callbacks) override;
  void cancel(std::uint64_t key) override { cancelled_[key] = true; }

 private:
  struct Job {
    std::uint64_t key = 0;
    MessageId id;
    std::int32_t attempt = 0;
    EffectBook::Begun begun;
    Act act = Act::kDone;
    Duration takes{0};
    std::vector<RecipientRecord> told;      // by the log
    std::vector<std::string> open;          // recipients to be tried
    std::vector<RecipientRecord> recorded;  // by this attempt
    Callbacks callbacks;
  };
  void later(Duration delay, Task task);
  void work(const std::shared_ptr<Job>& job);
  void begin(const std::shared_ptr<Job>& job);
  void did(const Job& job);
  void let_begin(Job& job);
  void happens(const Job& job);
  void effect(const std::shared_ptr<Job>& job);
  /// All open recipients of a mail have this fate, which then decides; else it is `outcome`.
  void finish_with(const std::shared_ptr<Job>& job, RecipientFate fate, HandlerOutcome outcome);
  void finish(const std::shared_ptr<Job>& job, HandlerOutcome outcome);
  [[nodiscard]] static RecipientFate fate_of(const Job& job, std::size_t open);

  SimNode& node_;
  const bool marks_;
  const int running_max_;
  int running_ = 0;
  const EngineOptions& options_;
  Audit& audit_;
  Script script_;
  CrashProbe probe_;
  std::function<void()> crash_;
  const Lies lies_;
  std::unordered_map<std::uint64_t, bool> cancelled_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace waybill::sim
