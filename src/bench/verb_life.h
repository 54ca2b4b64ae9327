// A message's life through the verbs of the message log: Append, Claim, Finish.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "app/config.h"
#include "base/result.h"
#include "bench/cost.h"
#include "ports/message_log.h"

namespace waybill::bench {

/// One thread; `log` and `config` outlive it.
class VerbLife {
 public:
  /// `body` is every message's.
  VerbLife(MessageLog& log, const app::Config& config, std::string body);

  /// One commit for each verb, over the messages [first, first + count). Errors: as the log's.
  [[nodiscard]] Status run(std::int64_t first, std::int64_t count);

  /// Of the commits alone: what makes the writes is not the log's.
  [[nodiscard]] const Cost& cost() const { return cost_; }
  /// What each commit took.
  struct Times {
    std::vector<double> append_ms;
    std::vector<double> claim_ms;
    std::vector<double> finish_ms;
  };
  /// Since the last call.
  [[nodiscard]] Times take_times() { return std::exchange(times_, {}); }
  /// Messages whose outcome the log has recorded.
  [[nodiscard]] std::int64_t consumed() const { return consumed_; }

 private:
  [[nodiscard]] Status commit(const std::vector<Write>& writes, std::vector<double>& took_ms);
  [[nodiscard]] Append append_of(std::int64_t index) const;
  [[nodiscard]] Claim claim_of(std::int64_t index) const;
  [[nodiscard]] Finish finish_of(std::int64_t index) const;

  MessageLog& log_;
  const app::Config& config_;
  const Body body_;
  const Digest digest_;
  Cost cost_;
  Times times_;
  std::int64_t consumed_ = 0;
};

}  // namespace waybill::bench
