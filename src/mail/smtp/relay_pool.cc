#include "mail/smtp/relay_pool.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/log.h"

namespace waybill::smtp {
namespace {

// How soon a cancel is noticed.
constexpr Duration kGlance(200);

MonoTime now() { return std::chrono::steady_clock::now(); }

}  // namespace

RelayPool::RelayPool(std::vector<RelayOptions> relays, const PoolOptions& options)
    : relays_(std::move(relays)),
      options_(options),
      desk_(relays_, options.breaker),
      idle_(relays_.size()),
      last_failure_(relays_.size()),
      random_(std::random_device()()) {}

RelayPool::Lease::Lease(Lease&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)),
      options_(other.options_),
      relay_(other.relay_),
      connection_(std::move(other.connection_)) {}

RelayPool::Lease::~Lease() {
  if (pool_ == nullptr) return;
  connection_.reset();  // before its place is free
  pool_->give_back(relay_, nullptr);
}

void RelayPool::Lease::keep() {
  if (connection_->mails() >= options().mails_per_connection) return;
  std::exchange(pool_, nullptr)->give_back(relay_, std::move(connection_));
}

std::variant<RelayPool::Lease, RelayPool::NoRelay> RelayPool::acquire(const std::set<std::size_t>& tried, bool fresh,
                                                                      const std::function<bool()>& cancelled) {
  const auto give_up = now() + options_.wait_max;
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto at = now();
    const auto choice = desk_.choose(tried, at, chance());
    switch (choice.kind) {
      case RelayDesk::Choice::Kind::kUse:
        lock.unlock();
        return Lease(*this, choice.relay, fresh ? nullptr : take_idle(choice.relay));
      case RelayDesk::Choice::Kind::kRest:
        return none(choice.until, at);
      case RelayDesk::Choice::Kind::kWait:
        break;
    }
    if (at >= give_up || cancelled()) return NoRelay{"all relays are busy", std::nullopt};
    released_.wait_until(lock, std::min({choice.until, give_up, at + kGlance}));
  }
}

RelayPool::NoRelay RelayPool::none(MonoTime until, MonoTime at) const {
  std::string reason = "no relay can be used";
  for (std::size_t relay = 0; relay < relays_.size(); ++relay) {
    if (desk_.closed(relay)) reason += "; " + last_failure_[relay];
  }
  return {reason, std::chrono::ceil<Duration>(until - at)};
}

std::unique_ptr<Connection> RelayPool::take_idle(std::size_t relay) {
  for (;;) {
    IdleList old;
    std::unique_ptr<Connection> connection;
    {
      const std::lock_guard lock(mutex_);
      old = expired(now());
      auto& list = idle_[relay];
      if (list.empty()) return nullptr;
      connection = std::move(list.back().connection);
      list.pop_back();
    }
    if (connection->alive()) return connection;
  }
}

// Taken out, to be closed without the lock.
RelayPool::IdleList RelayPool::expired(MonoTime at) {
  IdleList old;
  for (std::size_t relay = 0; relay < relays_.size(); ++relay) {
    auto& list = idle_[relay];
    const auto fresh = std::find_if(list.begin(), list.end(),
                                    [&](const Idle& one) { return at - one.since <= relays_[relay].idle_max; });
    old.insert(old.end(), std::make_move_iterator(list.begin()), std::make_move_iterator(fresh));
    list.erase(list.begin(), fresh);
  }
  return old;
}

void RelayPool::give_back(std::size_t relay, std::unique_ptr<Connection> connection) {
  IdleList old;
  {
    const std::lock_guard lock(mutex_);
    const auto at = now();
    old = expired(at);
    if (connection) idle_[relay].push_back({std::move(connection), at});
    desk_.release(relay);
  }
  released_.notify_one();
}

void RelayPool::on_heard(std::size_t relay) {
  bool opened = false;
  {
    const std::lock_guard lock(mutex_);
    opened = desk_.on_heard(relay);
  }
  if (opened) log_event(LogLevel::kInfo, "smtp", "relay can be used again", {{"relay", name_of(relays_[relay])}});
}

void RelayPool::on_failure(std::size_t relay, const RelayFailure& failure) {
  bool closed = false;
  {
    const std::lock_guard lock(mutex_);
    const bool login = failure.kind == RelayFailure::Kind::kLogin || failure.kind == RelayFailure::Kind::kTls;
    closed = desk_.on_failure(relay, login, now(), chance());
    last_failure_[relay] = failure.reason;
  }
  drop_idle(relay);
  if (!closed) return;
  log_event(LogLevel::kError, "smtp", "relay is closed",
            {{"relay", name_of(relays_[relay])}, {"reason", failure.reason}});
}

void RelayPool::drop_idle(std::size_t relay) {
  IdleList dropped;
  const std::lock_guard lock(mutex_);
  dropped.swap(idle_[relay]);
}

}  // namespace waybill::smtp
