// What the checks of this room ask of a text. Pure.
#pragma once

#include <string>
#include <string_view>

namespace waybill {

/// Nothing but spaces, tabs and line ends.
[[nodiscard]] bool is_blank(std::string_view text);

/// C0, DEL, and C1 in its UTF-8 form, where NEL (U+0085) is a line end to some readers. The text is valid UTF-8.
[[nodiscard]] bool has_control_character(std::string_view text);

/// Printable ASCII, the space included, and nothing else.
[[nodiscard]] bool is_printable_ascii(std::string_view text);
[[nodiscard]] bool is_ascii(std::string_view text);

/// ASCII letters alone are changed.
[[nodiscard]] std::string lower_case(std::string_view text);

/// Somebody else's text, cut and cleaned so that it can stand in a sentence, a log line or JSON: in quotes, and
/// without.
[[nodiscard]] std::string quoted(std::string_view text);
[[nodiscard]] std::string shown(std::string_view text);

/// `"…"` as RFC 5322 writes it, with a backslash before quotes and backslashes.
[[nodiscard]] std::string quoted_string(std::string_view text);

}  // namespace waybill
