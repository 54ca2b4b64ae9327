// How the PostgreSQL log is opened.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "core/message.h"
#include "log/lock_patience.h"

namespace waybill {

struct PostgresOptions {
  /// `postgresql://user:password@host:port/database?sslmode=verify-full&…`, as libpq understands it. Never logged
  /// whole.
  std::string url;
  std::string password;  ///< in the place of the URL's; empty: that one, or what libpq finds itself
  /// A test's hand on the store's clock; null: the server's own, in UTC.
  const WallClock* clock = nullptr;
  /// Asked of a log that exists before anything is written to it, with what it says of itself and the number that this
  /// opening would have. An error refuses the opening and leaves the log as it was. None: every log will do.
  std::function<Status(const std::string& identity, std::int64_t boot_number)> admit = {};
  bool counted = true;  ///< this opening is a boot; false: only to look at it, or to do what a person asks
  LockPatience patience = {};
  Duration connect_timeout{5'000};
  /// How long a statement waits for a row or a table that another session holds. Far below a third of a lease.
  Duration lock_timeout{150};
  Duration statement_timeout{4'000};
  /// How long the server may be silent before the connection is given up: a stopped server never answers.
  Duration answer_timeout{5'000};
  /// Bodies above this are refused, and not loaded. Bounds the memory of one row.
  std::size_t body_max = kBodyMax;
};

}  // namespace waybill
