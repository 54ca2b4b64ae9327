#include "mail/json_fields.h"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <optional>
#include <utility>

namespace waybill {
namespace {

namespace json = boost::json;
using json::error_code;
using json::string_view;

// Keeps the outermost object's members; deeper values are only walked over. boost::json::value would silently keep the
// last of repeated members.
class FieldHandler {
 public:
  // Bounds that the parser looks for by these names; ours are run-time values.
  // NOLINTBEGIN(readability-identifier-naming)
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
  // NOLINTEND(readability-identifier-naming)

  void limit_members(std::size_t most) { members_max_ = most; }
  [[nodiscard]] bool is_object() const { return is_object_; }
  [[nodiscard]] std::vector<JsonField> take_fields() { return std::move(fields_); }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }

  bool on_object_begin(error_code&) {
    if (depth_ == 0) is_object_ = true;
    scalar(JsonField::Kind::kOther, {});
    ++depth_;
    return true;
  }
  bool on_object_end(std::size_t, error_code&) {
    --depth_;
    return true;
  }
  bool on_array_begin(error_code&) {
    if (is_object_ && depth_ == 1) {
      current_.kind = JsonField::Kind::kTexts;
    } else {
      scalar(JsonField::Kind::kOther, {});
    }
    ++depth_;
    return true;
  }
  bool on_array_end(std::size_t, error_code&) {
    --depth_;
    if (is_object_ && depth_ == 1) keep_current();
    return true;
  }

  bool on_key_part(string_view part, std::size_t, error_code&) {
    buffer_.append(part.data(), part.size());
    return true;
  }
  bool on_key(string_view part, std::size_t, error_code& error) {
    buffer_.append(part.data(), part.size());
    if (depth_ == 1) {
      if (++members_ > members_max_) {
        error = make_error_code(json::error::object_too_large);
        return false;
      }
      current_ = JsonField{};
      current_.name = buffer_;
    }
    buffer_.clear();
    return true;
  }

  bool on_string_part(string_view part, std::size_t, error_code&) {
    buffer_.append(part.data(), part.size());
    return true;
  }
  bool on_string(string_view part, std::size_t, error_code&) {
    buffer_.append(part.data(), part.size());
    scalar(JsonField::Kind::kText, std::exchange(buffer_, {}));
    return true;
  }

  bool on_number_part(string_view, error_code&) { return true; }
  bool on_int64(std::int64_t value, string_view, error_code&) {
    scalar(JsonField::Kind::kNumber, std::to_string(value));
    return true;
  }
  bool on_uint64(std::uint64_t value, string_view, error_code&) {
    scalar(JsonField::Kind::kNumber, std::to_string(value));
    return true;
  }
  bool on_double(double, string_view, error_code&) {
    scalar(JsonField::Kind::kOther, {});
    return true;
  }
  bool on_bool(bool, error_code&) {
    scalar(JsonField::Kind::kOther, {});
    return true;
  }
  bool on_null(error_code&) {
    scalar(JsonField::Kind::kNull, {});
    return true;
  }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }

 private:
  // A value without members of its own, or the beginning of one that is not kept.
  void scalar(JsonField::Kind kind, std::string text) {
    if (!is_object_ || depth_ == 0) return;
    if (depth_ == 1) {
      current_.kind = kind;
      current_.text = std::move(text);
      keep_current();
    } else if (depth_ == 2 && current_.kind == JsonField::Kind::kTexts) {
      if (kind == JsonField::Kind::kText) {
        current_.texts.push_back(std::move(text));
      } else {
        current_.kind = JsonField::Kind::kOther;
        current_.texts.clear();
      }
    }
  }

  void keep_current() {
    const auto same = [this](const JsonField& field) { return field.name == current_.name; };
    const auto earlier = std::find_if(fields_.begin(), fields_.end(), same);
    if (earlier == fields_.end()) {
      fields_.push_back(std::exchange(current_, {}));
    } else {
      earlier->repeated = true;
    }
  }

  std::size_t members_max_ = 0;
  std::size_t members_ = 0;
  std::size_t depth_ = 0;
  bool is_object_ = false;
  std::string buffer_;
  JsonField current_;
  std::vector<JsonField> fields_;
};

Error refuse(std::string why) { return make_error(ErrorClass::kPermanent, std::move(why)); }

Error describe(const error_code& error, std::size_t at, const JsonLimits& limits) {
  if (error == json::error::too_deep) {
    return refuse("the JSON is nested deeper than " + std::to_string(limits.depth_max) + " levels");
  }
  if (error == json::error::object_too_large) {
    return refuse("the JSON object has more than " + std::to_string(limits.members_max) + " members");
  }
  return refuse("it is not valid JSON: " + error.message() + " near byte " + std::to_string(at));
}

}  // namespace

Result<std::vector<JsonField>> read_json_fields(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.bytes_max) {
    return refuse("the JSON is longer than " + std::to_string(limits.bytes_max) + " bytes");
  }
  json::parse_options options;
  options.max_depth = limits.depth_max;
  options.allow_invalid_utf8 = true;  // the caller names the field
  json::basic_parser<FieldHandler> parser(options);
  parser.handler().limit_members(limits.members_max);
  error_code error;
  const auto consumed = parser.write_some(/*more=*/false, text.data(), text.size(), error);
  if (!error && consumed < text.size()) error = make_error_code(json::error::extra_data);
  if (error) return describe(error, consumed, limits);
  if (!parser.handler().is_object()) return refuse("it is JSON, but not an object");
  return parser.handler().take_fields();
}

}  // namespace waybill
