#include "log/name_hold.h"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

#include "base/fail_stop.h"
#include "base/log.h"

namespace waybill {
namespace {

// How often the row says that its holder is alive.
constexpr Duration kRound{5'000};
// A holder that was just killed: its lock is free as soon as the server has seen the connection end.
constexpr Duration kHandOver{3'000};
constexpr Duration kTryAgain{100};

std::string first_line_of(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// Where a process number means something: this boot of this machine, and this space of process numbers.
std::string here() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host = {'h', 'o', 's', 't'};
  std::error_code ignored;
  const auto space = std::filesystem::read_symlink("/proc/self/ns/pid", ignored).string();
  return std::string(host.data()) + " " + first_line_of("/proc/sys/kernel/random/boot_id") + " " + space;
}

bool process_is_gone(int process) { return ::kill(process, 0) != 0 && errno == ESRCH; }

std::string host_of(const std::string& place) { return place.substr(0, place.find(' ')); }

Error held_by(const std::string& name, const std::optional<NameStore::Holder>& holder) {
  std::string who = "another instance";
  if (holder) {
    who = "process " + std::to_string(holder->process) + " on " + host_of(holder->host) + " (" + holder->owner +
          ", since " + to_rfc3339(holder->started) + ")";
  }
  return make_error(ErrorClass::kConflict, "the instance name '" + name + "' is held by " + who +
                                               "; stop that, or give this one a name of its own with instance.name");
}

class NameHold final : public InstanceHold {
 public:
  NameHold(std::unique_ptr<NameStore> store, const Owner& owner, std::function<void(const Error&)> on_lost)
      : store_(std::move(store)), name_(owner.instance), owner_(to_string(owner)), on_lost_(std::move(on_lost)) {}
  ~NameHold() override;

  Status take();
  void keep();
  [[nodiscard]] bool former_is_dead() const override { return former_is_dead_; }

 private:
  [[nodiscard]] Status sign() { return store_->sign(here(), static_cast<int>(::getpid())); }
  bool renew();
  void run(const std::stop_token& stop);

  const std::unique_ptr<NameStore> store_;  // of the thread, once it runs
  const std::string name_;
  const std::string owner_;
  const std::function<void(const Error&)> on_lost_;
  bool former_is_dead_ = true;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

Status NameHold::take() {
  if (Status done = store_->connect(); !done.ok()) return done;
  const MonoTime give_up = std::chrono::steady_clock::now() + kHandOver;
  while (true) {
    const auto held = store_->lock();
    if (!held.ok()) return held.error();
    const auto former = store_->holder();
    if (!former.ok()) return former.error();
    if (*held) {
      const auto& last = *former;
      former_is_dead_ =
          !last || last->stopped || last->expired || (last->host == here() && process_is_gone(last->process));
      return sign();
    }
    if (std::chrono::steady_clock::now() > give_up) return held_by(name_, *former);
    std::this_thread::sleep_for(kTryAgain);
  }
}

void NameHold::keep() {
  thread_ = std::jthread([this](const std::stop_token& stop) { run_or_abort("instance name", [&] { run(stop); }); });
}

// False if the name is lost for good.
bool NameHold::renew() {
  if (store_->connected()) {
    // Refused at present, the lock is still ours.
    if (store_->keep_alive().ok() || store_->connected()) return true;
  }
  if (Status again = store_->connect(); !again.ok()) return true;  // the next round tries again
  const auto held = store_->lock();
  if (!held.ok()) return true;
  if (*held) {
    static_cast<void>(sign());  // the next round says it again
    return true;
  }
  const auto holder = store_->holder();
  // Our own former session may not have been noticed as dead yet.
  if (!holder.ok() || (*holder && (*holder)->owner == owner_)) {
    store_->disconnect();
    return true;
  }
  on_lost_(held_by(name_, *holder));
  return false;
}

void NameHold::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    wake_.wait_for(lock, stop, kRound, [] { return false; });
    if (stop.stop_requested()) return;
    if (!renew()) return;
  }
}

NameHold::~NameHold() {
  thread_ = {};
  // Without it the next start waits for the leases.
  if (store_->connected()) static_cast<void>(store_->leave());
}

}  // namespace

Result<std::unique_ptr<InstanceHold>> hold_name(std::unique_ptr<NameStore> store, const Owner& owner,
                                                std::function<void(const Error&)> on_lost) {
  auto hold = std::make_unique<NameHold>(std::move(store), owner, std::move(on_lost));
  if (Status held = hold->take(); !held.ok()) return held.error();
  hold->keep();
  return std::unique_ptr<InstanceHold>(std::move(hold));
}

}  // namespace waybill
