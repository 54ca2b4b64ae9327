// Message headers as the column `headers` holds them: JSON, [["name","value"],…], in the order given.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/message.h"

namespace waybill {

/// Nothing for no headers: the column is then null.
[[nodiscard]] std::optional<std::string> headers_to_json(const Headers& headers);

/// Reads that form, and an object of strings, which another program may find easier to write. Nothing if it is neither.
[[nodiscard]] std::optional<Headers> headers_from_json(std::string_view json);

}  // namespace waybill
