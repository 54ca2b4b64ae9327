// Who may use the interface. Without tokens everybody on this machine may, and nobody else can reach it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/sha256.h"

namespace waybill::api {

/// Bearer tokens (RFC 6750). Immutable; any thread. Tokens are kept only as digests.
class Access {
 public:
  /// No tokens: everything is allowed.
  explicit Access(const std::vector<std::string>& tokens);

  /// Decides by the `Authorization` header. Takes as long for a wrong token as for a right one.
  [[nodiscard]] bool allows(std::optional<std::string_view> authorization) const;
  [[nodiscard]] bool open() const { return digests_.empty(); }

 private:
  std::vector<Sha256> digests_;
};

/// Reads one token a line; blank lines and lines that begin with `#` do not count. The error says which line is wrong.
[[nodiscard]] Result<std::vector<std::string>> parse_tokens(std::string_view text);

}  // namespace waybill::api
