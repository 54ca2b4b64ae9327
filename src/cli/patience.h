// Repeats requests that the server could not serve or did not answer, for work whose requests may safely be repeated,
// all of them or those that did not happen.
#pragma once

#include <functional>

#include "base/result.h"
#include "base/time.h"
#include "cli/client.h"

namespace waybill::cli {

class Patience {
 public:
  /// Waits so long; false: give up at once.
  using Pause = std::function<bool(Duration)>;
  static constexpr int kTries = 10;  ///< before it gives up, unless something is achieved in between

  enum class Repeats { kAnything, kWhatDidNotHappen };

  explicit Patience(Pause pause, Repeats repeats = Repeats::kAnything) : pause_(std::move(pause)), repeats_(repeats) {}

  /// The first answer that is not 503 or 408, after what Retry-After says in between; else the last one, or the error.
  [[nodiscard]] Result<HttpReply> send(const Client& client, const HttpRequest& request);
  /// Of an answer of which only parts could be served: waits; false: give up.
  [[nodiscard]] bool wait(const Result<HttpReply>& reply);
  /// Something was achieved: all tries again.
  void renew() { left_ = kTries; }

 private:
  [[nodiscard]] bool is_final(const Result<HttpReply>& reply) const;

  Pause pause_;
  const Repeats repeats_;
  int left_ = kTries;
};

}  // namespace waybill::cli
