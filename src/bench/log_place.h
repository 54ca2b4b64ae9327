// Where the message log of a benchmark is: a file in its directory, or a database of its own on the server that the
// user named, removed in the end. And what its server has written for it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "app/config.h"
#include "base/result.h"
#include "log/shared_log.h"

namespace waybill::bench {

class LogPlace {
 public:
  /// `configured` is what the user named. Errors: kPermanent (no right to make a database), kRetry.
  [[nodiscard]] static Result<LogPlace> make(const app::Config& configured, const std::string& directory);

  /// The value of message_log.url.
  [[nodiscard]] const std::string& url() const { return url_; }

 private:
  LogPlace() = default;

  std::string url_;
  std::unique_ptr<OwnDatabase> database_;
};

/// `sqlite`, or the word for the kind of server.
[[nodiscard]] std::string kind_of_log(const app::Config& config);

/// Statements sent to a shared log since its making; nothing for another.
class StatementMeter {
 public:
  explicit StatementMeter(const app::Config& config);
  [[nodiscard]] std::optional<std::int64_t> count() const;

 private:
  const app::Config& config_;
  const std::optional<std::int64_t> before_;
};

/// Bytes of write-ahead log since it was made; none for a log in a file.
class WalMeter {
 public:
  explicit WalMeter(const app::Config& config);
  [[nodiscard]] std::optional<std::int64_t> bytes() const;

 private:
  const app::Config& config_;
  const std::optional<std::int64_t> before_;
};

}  // namespace waybill::bench
