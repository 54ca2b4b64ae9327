// JSON strings written straight into a text: for answers of many parts, where a tree of values would only be copied.
#pragma once

#include <string>
#include <string_view>

namespace waybill::api {

/// Appends `text` in quotes, escaped where JSON asks for it. Valid UTF-8 stays valid; nothing is checked.
void append_json_string(std::string& out, std::string_view text);

/// `text` if it is valid UTF-8; else with U+FFFD for every byte that is part of no character.
[[nodiscard]] std::string clean_utf8(std::string_view text);

}  // namespace waybill::api
