#include "mail/smtp/relay_pool.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/fail_stop.h"
#include "base/log.h"

namespace waybill::smtp {
namespace {

// How soon a cancel is noticed.
constexpr Duration kGlance(200);
// When all relays were busy for as long as a mail may wait for one.
constexpr Duration kBusy(2'000);
constexpr Duration kSpreadLeast(1'000);

MonoTime now() { return std::chrono::steady_clock::now(); }

void count_failure(RelayFigures& counts, RelayFailure::Kind kind) {
  switch (kind) {
    case RelayFailure::Kind::kUnreachable:
      ++counts.unreachable;
      break;
    case RelayFailure::Kind::kTls:
      ++counts.tls_failures;
      break;
    case RelayFailure::Kind::kLogin:
      ++counts.login_failures;
      break;
    case RelayFailure::Kind::kCancelled:
      break;
  }
}

}  // namespace

RelayPool::RelayPool(std::vector<RelayOptions> relays, const PoolOptions& options)
    : relays_(std::move(relays)),
      options_(options),
      desk_(relays_, options.breaker),
      idle_(relays_.size()),
      last_failure_(relays_.size()),
      counts_(relays_.size()),
      random_(std::random_device()()),
      keeper_([this](const std::stop_token& stop) { run_or_abort("relay keeper", [&] { end_idle_ones(stop); }); }) {}

RelayPool::~RelayPool() = default;

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
    if (at >= give_up || cancelled()) return NoRelay{"all relays are busy", jittered(kBusy)};
    released_.wait_until(lock, std::min({choice.until, give_up, at + kGlance}));
  }
}

Duration RelayPool::jittered(Duration after) {
  const auto spread = std::max(after / 2, kSpreadLeast);
  return after + std::chrono::duration_cast<Duration>(spread * chance());
}

RelayPool::NoRelay RelayPool::none(MonoTime until, MonoTime at) {
  std::string reason = "no relay can be used";
  for (std::size_t relay = 0; relay < relays_.size(); ++relay) {
    if (desk_.closed(relay)) reason += "; " + last_failure_[relay];
  }
  return {reason, jittered(std::chrono::ceil<Duration>(until - at))};
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
                                    [&](const Idle& one) { return at - one.since < relays_[relay].idle_max; });
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
    if (connection) {
      idle_[relay].push_back({std::move(connection), at});
      if (const auto until = at + relays_[relay].idle_max; until < keeper_wakes_at_) {
        keeper_wakes_at_ = until;
        earlier_.notify_one();
      }
    }
    desk_.release(relay);
  }
  released_.notify_one();
}

// A server that is left alone ends the connection anyway; until then it keeps a place there that others may need.
void RelayPool::end_idle_ones(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    IdleList old = expired(now());
    keeper_wakes_at_ = MonoTime::max();
    for (std::size_t relay = 0; relay < relays_.size(); ++relay) {
      if (idle_[relay].empty()) continue;
      keeper_wakes_at_ = std::min(keeper_wakes_at_, idle_[relay].front().since + relays_[relay].idle_max);
    }
    if (!old.empty()) {
      lock.unlock();
      old.clear();
      lock.lock();
      continue;
    }
    const auto is_earlier = [this, until = keeper_wakes_at_] { return keeper_wakes_at_ < until; };
    if (keeper_wakes_at_ == MonoTime::max()) {
      earlier_.wait(lock, stop, is_earlier);
    } else {
      earlier_.wait_until(lock, stop, keeper_wakes_at_, is_earlier);
    }
  }
}

std::vector<RelayFigures> RelayPool::figures() const {
  const std::lock_guard lock(mutex_);
  std::vector<RelayFigures> all = counts_;
  for (std::size_t relay = 0; relay < relays_.size(); ++relay) {
    all[relay].relay = name_of(relays_[relay]);
    all[relay].open = !desk_.closed(relay);
    all[relay].connections = idle_[relay].size() + static_cast<std::size_t>(desk_.taken(relay));
  }
  return all;
}

void RelayPool::on_told(std::size_t relay, const std::vector<RecipientOutcome>& recipients) {
  const std::lock_guard lock(mutex_);
  RelayFigures& counts = counts_[relay];
  for (const auto& recipient : recipients) {
    switch (recipient.fate) {
      case RecipientFate::kDelivered:
        ++counts.delivered;
        break;
      case RecipientFate::kTryAgain:
        ++counts.tried_again;
        break;
      case RecipientFate::kRefused:
        ++counts.refused;
        break;
      case RecipientFate::kUnknown:
        ++counts.unknown;
        break;
    }
  }
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
    count_failure(counts_[relay], failure.kind);
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
