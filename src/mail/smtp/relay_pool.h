// The relays and their open connections. Any thread: handlers take a connection for one mail and give it back; a thread
// of its own ends those that nobody has used for long.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "mail/smtp/connection.h"
#include "mail/smtp/relay_desk.h"
#include "mail/smtp/relay_options.h"
#include "ports/metrics.h"

namespace waybill::smtp {

struct PoolOptions {
  BreakerOptions breaker;
  Duration wait_max = std::chrono::seconds(20);  ///< for room at a relay; in it the mail's attempt stands still
};

class RelayPool {
 public:
  /// The options are valid ones; there is one relay or more.
  RelayPool(std::vector<RelayOptions> relays, const PoolOptions& options);
  ~RelayPool();
  RelayPool(const RelayPool&) = delete;
  RelayPool& operator=(const RelayPool&) = delete;

  /// The right to bring one mail to a relay; given back at its end. Outlived by the pool.
  class Lease {
   public:
    Lease(Lease&& other) noexcept;
    Lease& operator=(Lease&&) = delete;
    ~Lease();

    [[nodiscard]] std::size_t relay() const { return relay_; }
    [[nodiscard]] const RelayOptions& options() const { return options_; }
    /// Null: one has to be opened.
    [[nodiscard]] Connection* connection() const { return connection_.get(); }
    void adopt(std::unique_ptr<Connection> connection) { connection_ = std::move(connection); }
    /// Gives it back at once, and keeps the connection for the next mail if it may carry one.
    void keep();

   private:
    friend class RelayPool;
    Lease(RelayPool& pool, std::size_t relay, std::unique_ptr<Connection> connection)
        : pool_(&pool), options_(pool.relays_[relay]), relay_(relay), connection_(std::move(connection)) {}

    RelayPool* pool_;  // null: moved from, or given back
    const RelayOptions& options_;
    const std::size_t relay_;
    std::unique_ptr<Connection> connection_;
  };

  struct NoRelay {
    std::string reason;
    Duration after{};  ///< when it is worth another try; jittered, so that those who wait do not come all at once
  };
  /// Waits while all relays that can be used are busy. `tried` are left out. `fresh`: a
  /// connection that was used before will not do.
  [[nodiscard]] std::variant<Lease, NoRelay> acquire(const std::set<std::size_t>& tried, bool fresh,
                                                     const std::function<bool()>& cancelled);

  [[nodiscard]] std::vector<RelayFigures> figures() const;

  /// What it said of a mail's recipients, to be counted.
  void on_told(std::size_t relay, const std::vector<RecipientOutcome>& recipients);
  /// The relay has answered a mail.
  void on_heard(std::size_t relay);
  /// It could not be used for a reason that no mail can change. Its idle connections are closed.
  void on_failure(std::size_t relay, const RelayFailure& failure);
  /// Closes the idle connections of a relay: one was found dead.
  void drop_idle(std::size_t relay);

 private:
  struct Idle {
    std::unique_ptr<Connection> connection;
    MonoTime since;
  };
  using IdleList = std::vector<Idle>;  // by relay; the longest idle first

  [[nodiscard]] std::unique_ptr<Connection> take_idle(std::size_t relay);
  [[nodiscard]] NoRelay none(MonoTime until, MonoTime now);
  [[nodiscard]] Duration jittered(Duration after);
  void end_idle_ones(const std::stop_token& stop);
  void give_back(std::size_t relay, std::unique_ptr<Connection> connection);
  [[nodiscard]] IdleList expired(MonoTime now);
  [[nodiscard]] double chance() { return std::uniform_real_distribution<double>(0, 1)(random_); }

  const std::vector<RelayOptions> relays_;
  const PoolOptions options_;
  mutable std::mutex mutex_;  // of all that follows; never held while a connection is used, opened or closed
  std::condition_variable released_;
  std::condition_variable_any earlier_;  // than keeper_wakes_at_ a connection will have been idle for long
  MonoTime keeper_wakes_at_ = MonoTime::max();
  RelayDesk desk_;
  std::vector<IdleList> idle_;
  std::vector<std::string> last_failure_;  // by relay
  std::vector<RelayFigures> counts_;       // by relay; what grows
  std::mt19937_64 random_;
  std::jthread keeper_;
};

}  // namespace waybill::smtp
