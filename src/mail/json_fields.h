// The members of one flat JSON object, read strictly: what a mail request and a message body are made of.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace waybill {

struct JsonField {
  enum class Kind {
    kText,    ///< a string, in `text`
    kTexts,   ///< an array of nothing but strings, in `texts`
    kNumber,  ///< an integer, as decimal digits in `text`
    kNull,
    kOther,  ///< anything else; its value is not kept
  };
  std::string name;
  Kind kind = Kind::kOther;
  std::string text;
  std::vector<std::string> texts;
  bool repeated = false;  ///< the object names it more than once; the first value is kept
};

struct JsonLimits {
  std::size_t bytes_max = 8 << 20;
  std::size_t depth_max = 16;     ///< of nested objects and arrays, the outermost included
  std::size_t members_max = 256;  ///< of the outermost object
};

/// Fields in the order given, each name once. Names and texts are *not* checked to be UTF-8, so that the caller can
/// say which of them is not. Errors: kPermanent (not JSON, not an object, beyond a limit), one sentence.
[[nodiscard]] Result<std::vector<JsonField>> read_json_fields(std::string_view json, const JsonLimits& limits);

}  // namespace waybill
