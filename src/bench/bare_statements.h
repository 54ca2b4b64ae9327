// The least that a message's life can cost on the real schema: an insert and two guarded updates, prepared and batched.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "app/config.h"
#include "base/result.h"
#include "log/sqlite/connection.h"

namespace waybill::bench {

/// One thread.
class BareStatements {
 public:
  /// Makes a log at `path`, with the durability of the real one. `body` is every message's.
  [[nodiscard]] static Result<BareStatements> open(const std::string& path, const app::Config& config,
                                                   std::string body);

  // One commit each, over the messages [first, first + count). False after a failure.
  bool insert(std::int64_t first, std::int64_t count);
  bool claim(std::int64_t first, std::int64_t count);
  bool finish(std::int64_t first, std::int64_t count);

  /// What went wrong, if anything did; else how many rows are consumed.
  [[nodiscard]] Result<std::int64_t> consumed();

 private:
  BareStatements(std::unique_ptr<sqlite::Connection> db, const app::Config& config, std::string body)
      : db_(std::move(db)), config_(config), body_(std::move(body)) {}
  template <class Statement>
  bool commit(std::int64_t first, std::int64_t count, Statement statement);

  std::unique_ptr<sqlite::Connection> db_;
  const app::Config& config_;
  std::string body_;
};

}  // namespace waybill::bench
