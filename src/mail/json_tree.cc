#include "mail/json_tree.h"

#include <boost/json/basic_parser_impl.hpp>
#include <utility>

namespace waybill {
namespace {

namespace json = boost::json;
using json::error_code;
using json::string_view;
using Kind = JsonNode::Kind;

// boost::json::value would silently keep the last of repeated members.
class TreeHandler {
 public:
  // Bounds that the parser looks for by these names: the document itself is bounded.
  // NOLINTBEGIN(readability-identifier-naming)
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
  // NOLINTEND(readability-identifier-naming)

  explicit TreeHandler(std::size_t values_max) : values_left_(values_max) {}
  [[nodiscard]] JsonNode take() { return std::move(root_); }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code& error) { return open(Kind::kObject, error); }
  bool on_object_end(std::size_t, error_code&) { return close(); }
  bool on_array_begin(error_code& error) { return open(Kind::kArray, error); }
  bool on_array_end(std::size_t, error_code&) { return close(); }

  bool on_key_part(string_view part, std::size_t, error_code&) { return keep(part); }
  bool on_key(string_view part, std::size_t, error_code&) {
    keep(part);
    name_ = std::exchange(buffer_, {});
    return true;
  }
  bool on_string_part(string_view part, std::size_t, error_code&) { return keep(part); }
  bool on_string(string_view part, std::size_t, error_code& error) { return whole(Kind::kText, part, error); }
  bool on_number_part(string_view part, error_code&) { return keep(part); }
  bool on_int64(std::int64_t, string_view part, error_code& error) { return whole(Kind::kNumber, part, error); }
  bool on_uint64(std::uint64_t, string_view part, error_code& error) { return whole(Kind::kNumber, part, error); }
  bool on_double(double, string_view part, error_code& error) { return whole(Kind::kNumber, part, error); }
  bool on_bool(bool value, error_code& error) { return whole(Kind::kBool, value ? "true" : "false", error); }
  bool on_null(error_code& error) { return whole(Kind::kNull, "", error); }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }

 private:
  bool keep(string_view part) {
    buffer_.append(part.data(), part.size());
    return true;
  }

  bool whole(Kind kind, string_view part, error_code& error) {
    keep(part);
    JsonNode* node = add(kind, error);
    if (node == nullptr) return false;
    node->text = std::exchange(buffer_, {});
    return true;
  }

  bool open(Kind kind, error_code& error) {
    JsonNode* node = add(kind, error);
    if (node == nullptr) return false;
    open_.push_back(node);
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  // Where the next value goes. What is open stays where it is: its siblings come after it is closed.
  JsonNode* add(Kind kind, error_code& error) {
    if (values_left_ == 0) {
      error = make_error_code(json::error::array_too_large);
      return nullptr;
    }
    --values_left_;
    JsonNode* node = &root_;
    if (!open_.empty()) {
      open_.back()->members.push_back({std::exchange(name_, {}), {}});
      node = &open_.back()->members.back().value;
    }
    node->kind = kind;
    return node;
  }

  JsonNode root_;
  std::vector<JsonNode*> open_;
  std::string name_;    // of the next member
  std::string buffer_;  // of a string or number that came in parts
  std::size_t values_left_;
};

Error refuse(std::string why) { return make_error(ErrorClass::kPermanent, std::move(why)); }

Error describe(const error_code& error, std::size_t at, const JsonTreeLimits& limits) {
  if (error == json::error::too_deep) {
    return refuse("is nested deeper than " + std::to_string(limits.depth_max) + " levels");
  }
  if (error == json::error::array_too_large) {
    return refuse("has more than " + std::to_string(limits.values_max) + " values");
  }
  return refuse("is not valid JSON: " + error.message() + " near byte " + std::to_string(at));
}

}  // namespace

Result<JsonNode> read_json_tree(std::string_view text, const JsonTreeLimits& limits) {
  if (text.size() > limits.bytes_max) return refuse("is longer than " + std::to_string(limits.bytes_max) + " bytes");
  json::parse_options options;
  options.max_depth = limits.depth_max;
  options.allow_invalid_utf8 = true;  // the caller names the field
  json::basic_parser<TreeHandler> parser(options, limits.values_max);
  error_code error;
  const auto consumed = parser.write_some(/*more=*/false, text.data(), text.size(), error);
  if (!error && consumed < text.size()) error = make_error_code(json::error::extra_data);
  if (error) return describe(error, consumed, limits);
  return parser.handler().take();
}

}  // namespace waybill
