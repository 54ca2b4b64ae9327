// `text/csv; charset=utf-8`: what an attachment says it is (RFC 2045, 5.1). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace waybill {

struct MediaType {
  std::string type;
  std::string subtype;
  std::vector<std::pair<std::string, std::string>> parameters;  ///< values without their quotes
};

/// Nothing if it is no media type in ASCII of at most 255 bytes.
[[nodiscard]] std::optional<MediaType> read_media_type(std::string_view text);

/// Why an attachment may not be of this type, in words that follow a name; nothing if it may. A `multipart` or a
/// `message` has a structure of its own, which an attachment's bytes need not keep; `name` and `boundary` are not the
/// caller's to set.
[[nodiscard]] std::optional<std::string> media_type_problem(std::string_view text);

}  // namespace waybill
