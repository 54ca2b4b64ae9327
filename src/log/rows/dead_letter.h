// The external row that carries a copy of a dead message of a consumed queue to the dead-letter exchange.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/names.h"

namespace waybill::rows {

inline constexpr std::string_view kCopyPrefix = "waybill.dead/";

/// Digest, content type and body are the original's; it is external, `sending`, and due at once.
struct DeadLetterCopy {
  MessageId original;
  MessageId id;  ///< derived from original and attempt, so that it exists once
  Route route;
  std::optional<std::string> headers;  ///< JSON
};

struct Standing;

/// Nothing for an external row, and where no exchange takes copies.
[[nodiscard]] std::optional<DeadLetterCopy> copy_of(const Standing& dead, const std::optional<Route>& dead_letter);

}  // namespace waybill::rows
