// What the scale aids of the servers have in common: sessions that wait for as long as it takes. A `Server` names its
// Connection, its Options, what a session begins with (kSession), the transaction that is held (kHold), and how the
// rows read are asked for (kRowsRead).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "log/scale_aid.h"

namespace waybill {

template <class Server>
class ServerScaleAid : public ScaleAid {
 public:
  using Connection = typename Server::Connection;
  using Options = typename Server::Options;

  explicit ServerScaleAid(Options options) : options_(std::move(options)) {
    options_.statement_timeout = std::chrono::hours(1);
    options_.answer_timeout = std::chrono::hours(1);
  }
  [[nodiscard]] Status connect() {
    auto opened = open();
    if (!opened.ok()) return opened.error();
    db_ = std::move(*opened);
    return ok_status();
  }
  [[nodiscard]] Result<std::unique_ptr<HeldTransaction>> hold() override {
    auto opened = open();
    if (!opened.ok()) return opened.error();
    (*opened)->script(Server::kHold);
    if (auto failure = (*opened)->take_failure()) return failure->error;
    return std::unique_ptr<HeldTransaction>(std::make_unique<Held>(std::move(*opened)));
  }
  [[nodiscard]] std::optional<std::int64_t> rows_read() override {
    const auto read = db_->ask(Server::kRowsRead);
    if (db_->take_failure() || read.size() == 0) return std::nullopt;
    return read.integer(0, 0);
  }

 protected:
  [[nodiscard]] Connection& db() { return *db_; }
  /// What became of everything since the last time; a transaction that failed is over.
  [[nodiscard]] Status done() {
    auto failure = db_->take_failure();
    if (!failure) return ok_status();
    db_->rollback();
    return failure->error;
  }

 private:
  class Held final : public HeldTransaction {
   public:
    explicit Held(std::unique_ptr<Connection> db) : db_(std::move(db)) {}

   private:
    const std::unique_ptr<Connection> db_;
  };

  Result<std::unique_ptr<Connection>> open() {
    auto opened = Connection::open(options_);
    if (!opened.ok()) return opened.error();
    (*opened)->script(Server::kSession);
    if (auto failure = (*opened)->take_failure()) return failure->error;
    return std::move(*opened);
  }

  Options options_;
  std::unique_ptr<Connection> db_;
};

/// Connected, or why it is not.
template <class Aid, class Options>
[[nodiscard]] Result<std::unique_ptr<ScaleAid>> connect_scale_aid(const Options& options) {
  auto aid = std::make_unique<Aid>(options);
  if (Status connected = aid->connect(); !connected.ok()) return connected.error();
  return std::unique_ptr<ScaleAid>(std::move(aid));
}

}  // namespace waybill
