// The message log in a PostgreSQL database, shared by any number of Waybill processes and other programs.
//
// A commit is one transaction on a connection of its own. No call waits without a deadline: a server that is silent for
// `answer_timeout` costs the connection, and the next call makes a new one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "log/postgres/postgres_options.h"
#include "log/shared_log.h"

namespace waybill {

class PostgresLog final : public SharedLog {
 public:
  /// Connects, refuses a server that is not durable, migrates a store without rows. Errors: kPermanent with a sentence
  /// for a person, kRetry (unreachable). `options` is copied.
  [[nodiscard]] static Result<std::unique_ptr<PostgresLog>> open(const PostgresOptions& options);
  ~PostgresLog() override;

  /// A constraint, a value that cannot be stored, or a row that a stranger holds fails its own write; its neighbours
  /// are committed. Deadlocks are tried again.
  [[nodiscard]] Result<Committed> commit(std::span<const Write> writes) override;
  [[nodiscard]] Result<WallTime> now() override;
  [[nodiscard]] std::string identity() const override;

  [[nodiscard]] Status count_boot() override;
  [[nodiscard]] std::int64_t boot_number() const override;
  [[nodiscard]] const std::string& warning() const override;

 private:
  class Impl;
  explicit PostgresLog(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace waybill
