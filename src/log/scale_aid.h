// What a benchmark of a large log needs of its store beside the verbs.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "core/names.h"

namespace waybill {

struct LogFill {
  std::int64_t first = 0;  ///< rows are numbered; those of one number are the same whoever makes them
  std::int64_t count = 0;
  bool open =
      false;  ///< half wait in a queue, four of ten are scheduled for later, the rest is on hold; false: consumed
  std::size_t size = 512;  ///< bytes of a body
  Route route;
  QueueName queue;
};

/// A transaction that reads and writes a little, and then stays as it is until it is destroyed.
class HeldTransaction {
 public:
  virtual ~HeldTransaction() = default;
};

/// One thread. Errors: kRetry, kPermanent.
class ScaleAid {
 public:
  static constexpr std::int64_t kFillMost = 100'000;

  virtual ~ScaleAid() = default;
  /// By bulk SQL on the real schema, in one transaction; at most kFillMost rows.
  [[nodiscard]] virtual Status fill(const LogFill& rows) = 0;
  /// Once all is filled: what the server would do by itself after a while.
  [[nodiscard]] virtual Status settle() = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<HeldTransaction>> hold() = 0;
  /// Rows of msg_log, and entries of its indexes, that statements have read so far; of sessions that have ended. None
  /// if the server does not count them.
  [[nodiscard]] virtual std::optional<std::int64_t> rows_read() = 0;
};

}  // namespace waybill
