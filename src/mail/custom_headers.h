// The headers that a caller may add to a mail of its own accord. What routes a mail, says who sent it or how it is to
// be read is never among them. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace waybill {

/// Why no mail may carry a header of this name, in words that follow the name; nothing if it may. Letters, digits and
/// hyphens only; `X-…`, but not `X-Waybill-…`; and a list of harmless ones, which the refusal names.
[[nodiscard]] std::optional<std::string> header_name_problem(std::string_view name);

/// The same of a value: one line, no control characters, no outer blanks, not longer than `bytes_max`. Where a name
/// asks for message ids (`In-Reply-To`, `References`) nothing else will do; headers that programs read are ASCII.
[[nodiscard]] std::optional<std::string> header_value_problem(std::string_view name, std::string_view value,
                                                              std::size_t bytes_max);

}  // namespace waybill
