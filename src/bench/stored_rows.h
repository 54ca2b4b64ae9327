// Fills a message log with history: rows that were consumed long ago. By bulk SQL on the real schema, because going
// through the verbs would take as long as having carried the messages.
#pragma once

#include <cstdint>

#include "app/config.h"
#include "base/result.h"
#include "bench/run_watch.h"

namespace waybill::bench {

struct StoredRows {
  std::int64_t count = 0;
  std::size_t size = 512;  ///< bytes of a body
};

/// Brings the log of `config` to at least `count` consumed rows; it may have some already. They ended within the last
/// two days. The log must not be open. Errors: kConflict (somebody holds it, or interrupted), kRetry (no room on the
/// disk), kPermanent.
[[nodiscard]] Status fill_with_stored_rows(const app::Config& config, const StoredRows& rows, RunWatch& watch);

}  // namespace waybill::bench
