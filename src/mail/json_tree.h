// A JSON document as a tree, read strictly: every member in its order, repeated ones too, nothing beyond the limits.
// For documents whose parts nest; mail/json_fields.h is the lighter way through a flat one.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace waybill {

struct JsonMember;

struct JsonNode {
  enum class Kind { kNull, kBool, kNumber, kText, kArray, kObject };
  Kind kind = Kind::kNull;
  std::string text;                 ///< the string; a number as it was written; `true` or `false`
  std::vector<JsonMember> members;  ///< of an object, or the items of an array, which have no names

  [[nodiscard]] bool is(Kind wanted) const { return kind == wanted; }
};

struct JsonMember {
  std::string name;
  JsonNode value;
};

struct JsonTreeLimits {
  std::size_t bytes_max = 64U << 20U;
  std::size_t depth_max = 8;  ///< of nested objects and arrays, the outermost included
  std::size_t values_max = 200'000;
};

/// Names and texts are *not* checked to be UTF-8, so that the caller can say which of them is not. Errors: kPermanent
/// (not JSON, beyond a limit), one sentence.
[[nodiscard]] Result<JsonNode> read_json_tree(std::string_view json, const JsonTreeLimits& limits);

}  // namespace waybill
