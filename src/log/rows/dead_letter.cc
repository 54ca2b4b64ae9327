#include "log/rows/dead_letter.h"

#include "base/sha256.h"
#include "core/headers.h"
#include "log/headers_json.h"
#include "log/rows/standing.h"

namespace waybill::rows {

static_assert(kCopyPrefix.starts_with(kReservedIdPrefix));

std::optional<DeadLetterCopy> copy_of(const Standing& dead, const std::optional<Route>& dead_letter) {
  if (!dead_letter || !dead.queue || dead.queue->external()) return std::nullopt;
  // Headers that cannot be read are left behind: the copy must not fail for them.
  Headers headers = headers_from_json(dead.headers.value_or("[]")).value_or(Headers{});
  headers.emplace_back(kHeaderDeadOf, dead.id.value);
  // The id may be as long as ids can be, so the copy's holds a digest of it.
  const auto digest = to_hex(sha256(dead.id.value + "#" + std::to_string(dead.attempt)));
  return DeadLetterCopy{dead.id, {std::string(kCopyPrefix) + digest}, *dead_letter, headers_to_json(headers)};
}

}  // namespace waybill::rows
