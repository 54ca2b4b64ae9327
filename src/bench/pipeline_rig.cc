#include "bench/pipeline_rig.h"

#include <atomic>
#include <future>
#include <optional>
#include <thread>
#include <utility>

#include "app/instance_parts.h"

namespace waybill::bench {
namespace {

constexpr const char* kInstance = "bench";
constexpr Duration kReadyPoll{1};
constexpr Duration kAfterGrace{5'000};

}  // namespace

struct PipelineRig::Parts {
  std::atomic<bool> broken = false;
  std::optional<WatchedLog> log;
  app::InstanceParts instance;
  bool running = false;
};

PipelineRig::PipelineRig(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

PipelineRig::~PipelineRig() { static_cast<void>(stop(std::chrono::steady_clock::now())); }

Result<std::unique_ptr<PipelineRig>> PipelineRig::build(const app::Config& config, Handler& handler) {
  auto parts = std::make_unique<Parts>();
  if (Status opened = parts->instance.open_log(config, kInstance); !opened.ok()) return opened.error();
  parts->log.emplace(*parts->instance.store.log);
  const auto on_broken = [broken = &parts->broken](const Error&) { *broken = true; };
  if (Status made = parts->instance.make(config, on_broken, {&*parts->log, &handler}); !made.ok()) return made.error();
  return std::unique_ptr<PipelineRig>(new PipelineRig(std::move(parts)));
}

Status PipelineRig::start(MonoTime deadline) {
  Parts& parts = *parts_;
  parts.running = true;
  parts.instance.start();
  if (Status started = parts.instance.node->start(); !started.ok()) return started;
  std::string reason = "the message log cannot be used";
  while (!parts.instance.node->ready(&reason)) {
    if (parts.broken || std::chrono::steady_clock::now() > deadline) {
      return make_error(ErrorClass::kRetry, "the instance did not become ready: " + reason);
    }
    std::this_thread::sleep_for(kReadyPoll);
  }
  return ok_status();
}

bool PipelineRig::stop(MonoTime deadline) {
  Parts& parts = *parts_;
  if (!std::exchange(parts.running, false)) return true;
  const auto drained = std::make_shared<std::promise<void>>();
  auto ended = drained->get_future();
  parts.instance.node->begin_stop(deadline, [drained] { drained->set_value(); });
  const bool in_order = ended.wait_until(deadline + kAfterGrace) == std::future_status::ready;
  parts.instance.handlers->stop();
  parts.instance.stop();
  return in_order;
}

Intake& PipelineRig::intake() { return parts_->instance.node->intake(); }
Operations& PipelineRig::operations() { return *parts_->instance.operations; }
WatchedLog& PipelineRig::log() { return *parts_->log; }
MessageReader& PipelineRig::reader() { return *parts_->instance.store.reader; }
bool PipelineRig::broken() const { return parts_->broken; }

}  // namespace waybill::bench
