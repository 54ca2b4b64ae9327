// Base64 with padding (RFC 4648, section 4): how JSON carries a body that is not text. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace waybill {

[[nodiscard]] std::string base64_encode(std::string_view bytes);
/// Nothing if it is not exactly what `base64_encode` would write for some bytes.
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);

}  // namespace waybill
