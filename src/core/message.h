// A message as it is accepted, stored and carried. Values: copyable, immutable once built.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/sha256.h"
#include "core/names.h"
#include "core/retry_policy.h"

namespace waybill {

/// The bytes of a message, shared rather than copied on their way. `binary` only says which column keeps them: text
/// (valid UTF-8 without NUL) stays in the classic `msg`, anything else round-trips exactly in `body`.
class Body {
 public:
  Body() : bytes_(std::make_shared<const std::string>()) {}
  explicit Body(std::string bytes, bool binary = false)
      : bytes_(std::make_shared<const std::string>(std::move(bytes))), binary_(binary) {}

  [[nodiscard]] const std::string& bytes() const { return *bytes_; }
  [[nodiscard]] bool binary() const { return binary_; }
  [[nodiscard]] std::size_t size() const { return bytes_->size(); }
  bool operator==(const Body& other) const { return binary_ == other.binary_ && *bytes_ == *other.bytes_; }

 private:
  std::shared_ptr<const std::string> bytes_;
  bool binary_ = false;
};

/// No body is larger, whatever is configured: it is the most that intake can be told to accept. So a change of the
/// configuration never makes a stored message too large.
inline constexpr std::size_t kBodyMax = (64U << 20U) + (64U << 10U);

/// Of the body's bytes. Two appends of one id with different digests are two different messages.
using Digest = Sha256;

/// Name and value, in the order given. Names that begin with `x-waybill-` are Waybill's own (see core/headers.h).
using Headers = std::vector<std::pair<std::string, std::string>>;

/// What a caller wants carried.
struct Message {
  MessageId id;
  Route route;
  Body body;
  std::string content_type;
  Headers headers;
  std::optional<RetryPolicy> retry;    ///< none: the configured policy
  std::optional<WallTime> not_before;  ///< scheduled: neither published nor claimed before
};

}  // namespace waybill
