// What a message may bring along beside its body, so that a broker can carry it. AMQP 0-9-1: names are short strings
// (4.2.5.3), and all properties of one publish, ours too, stand in one frame (4.2.6.1).
#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"
#include "core/message.h"

namespace waybill {

inline constexpr std::size_t kShortStringMax = 255;  ///< bytes
/// Names, values and what encodes them. Half of the frame that brokers agree to by default.
inline constexpr std::size_t kHeaderBytesMax = 64U << 10U;

/// Each says which rule was broken.
[[nodiscard]] Status validate_route(const Route& route);
[[nodiscard]] Status validate_content_type(std::string_view content_type);
[[nodiscard]] Status validate_headers(const Headers& headers);

}  // namespace waybill
