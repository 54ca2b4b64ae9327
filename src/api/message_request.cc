#include "api/message_request.h"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <optional>
#include <string>
#include <utility>

#include "api/json_text.h"
#include "api/message_item.h"

namespace waybill::api {
namespace {

namespace json = boost::json;
using json::error_code;
using json::string_view;

constexpr std::size_t kDepthMax = 32;  // the outermost array included
constexpr std::size_t kMessageBytesLeast = 40;

std::string place_of(std::size_t index) { return "[" + std::to_string(index) + "]"; }

std::string too_many() {
  return "is one too many: a request takes at most " + std::to_string(kMessagesMax) + " messages";
}

// Writes JSON without any blanks from the parser's events; numbers stay as they were written.
class CompactText {
 public:
  void open(char bracket) {
    separate();
    text_ += bracket;
  }
  void close(char bracket) { text_ += bracket; }
  void name(std::string_view name) {
    string(name);
    text_ += ':';
  }
  void string(std::string_view text) {
    separate();
    append_json_string(text_, text);
  }
  void literal(std::string_view text) {
    separate();
    text_ += text;
  }
  [[nodiscard]] std::string take() { return std::exchange(text_, {}); }

 private:
  // A string ends with its quote, so the last character tells where we stand.
  void separate() {
    if (!text_.empty() && std::string_view("{[:").find(text_.back()) == std::string_view::npos) text_ += ',';
  }

  std::string text_;
};

// Leads the parser's events to the message they belong to. A tree of values would copy every body once more, and would
// silently keep the last of repeated members.
class MessagesHandler {
 public:
  // Bounds that the parser looks for by these names: the request itself is bounded.
  // NOLINTBEGIN(readability-identifier-naming)
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
  // NOLINTEND(readability-identifier-naming)

  /// `bytes`: of all that will be read.
  MessagesHandler(WallTime now, std::size_t bytes)
      : item_(now, {}), room_(std::min(bytes / kMessageBytesLeast + 1, kMessagesMax)) {}

  /// The next document is one line of many.
  void begin_line() {
    lines_ = true;
    list_ = false;
    place_ = Place::kOutside;
    buffer_.clear();
    problem_.clear();
    messages_.reserve(room_);
  }
  /// Message `index` could not be read to its end, or something follows it.
  void break_message(std::size_t index, ErrorView error) {
    messages_.resize(index);
    messages_.emplace_back(std::move(error));
  }

  [[nodiscard]] bool is_list() const { return list_; }
  [[nodiscard]] const std::string& problem() const { return problem_; }
  [[nodiscard]] std::size_t count() const { return messages_.size(); }
  [[nodiscard]] std::vector<Parsed<Message>> take() { return std::move(messages_); }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code& error);
  bool on_object_end(std::size_t, error_code&);
  bool on_array_begin(error_code& error);
  bool on_array_end(std::size_t, error_code&);

  bool on_key_part(string_view part, std::size_t, error_code&) { return keep(part); }
  bool on_key(string_view part, std::size_t, error_code&) {
    name(whole(part));
    buffer_.clear();
    return true;
  }
  bool on_string_part(string_view part, std::size_t, error_code&) { return keep(part); }
  bool on_string(string_view part, std::size_t, error_code& error) {
    const bool go_on = scalar(Scalar::kString, whole(part), error);
    buffer_.clear();
    return go_on;
  }
  bool on_number_part(string_view part, error_code&) { return keep(part); }
  bool on_int64(std::int64_t, string_view part, error_code& error) { return number(part, error); }
  bool on_uint64(std::uint64_t, string_view part, error_code& error) { return number(part, error); }
  bool on_double(double, string_view part, error_code& error) { return number(part, error); }
  bool on_bool(bool value, error_code& error) { return scalar(Scalar::kLiteral, value ? "true" : "false", error); }
  bool on_null(error_code& error) { return scalar(Scalar::kLiteral, "null", error); }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }

 private:
  enum class Place : std::uint8_t { kOutside, kList, kItem, kHeaders, kRetry, kDelays, kBody, kSkipped };
  enum class Scalar : std::uint8_t { kString, kNumber, kLiteral };
  using Field = MessageItem::Field;

  bool keep(string_view part) {
    buffer_.append(part.data(), part.size());
    return true;
  }
  // Nearly always it is in one piece, and nothing is copied.
  std::string_view whole(string_view part) {
    if (buffer_.empty()) return {part.data(), part.size()};
    keep(part);
    return buffer_;
  }
  bool number(string_view part, error_code& error) {
    const bool go_on = scalar(Scalar::kNumber, whole(part), error);
    buffer_.clear();
    return go_on;
  }
  bool stop(error_code& error, std::string why) {
    problem_ = std::move(why);
    error = make_error_code(json::error::incomplete);  // any: the problem says more
    return false;
  }

  void name(std::string_view name);
  bool scalar(Scalar kind, std::string_view text, error_code& error);
  void item_scalar(Scalar kind, std::string_view text);
  bool begin_item(error_code& error);
  void end_item();
  void open_in_item(char bracket);
  void enter_nested(Place place) {
    back_ = place_;
    place_ = place;
    nested_ = 1;
  }
  bool leave_nested() {
    if (--nested_ > 0) return false;
    place_ = back_;
    return true;
  }
  void close_nested(char bracket);

  MessageItem item_;
  std::vector<Parsed<Message>> messages_;
  std::string buffer_;   // a string or number that came in parts
  CompactText compact_;  // of a body that is JSON
  RetryFields retry_;
  std::string header_;
  std::string problem_;
  Field field_ = Field::kUnknown;
  Place place_ = Place::kOutside;
  Place back_ = Place::kOutside;  // where a nested value ends
  const std::size_t room_;
  std::size_t nested_ = 0;  // brackets open in a body, or in something that is skipped
  bool list_ = false;
  bool lines_ = false;
};

bool MessagesHandler::begin_item(error_code& error) {
  if (messages_.size() >= kMessagesMax) {
    return stop(error, too_many());
  }
  item_.begin(list_ || lines_ ? place_of(messages_.size()) : std::string());
  field_ = Field::kUnknown;
  return true;
}

void MessagesHandler::end_item() { messages_.push_back(item_.finish()); }

void MessagesHandler::name(std::string_view name) {
  switch (place_) {
    case Place::kItem:
      field_ = item_.field(name);
      return;
    case Place::kHeaders:
      header_ = name;
      return;
    case Place::kRetry:
      return retry_.name(name);
    case Place::kBody:
      return compact_.name(name);
    case Place::kOutside:
    case Place::kList:
    case Place::kDelays:
    case Place::kSkipped:
      return;
  }
}

bool MessagesHandler::on_object_begin(error_code& error) {
  switch (place_) {
    case Place::kOutside:
    case Place::kList:
      if (!begin_item(error)) return false;
      place_ = Place::kItem;
      return true;
    case Place::kItem:
      open_in_item('{');
      return true;
    case Place::kHeaders:
      item_.refuse_header_type(header_);
      enter_nested(Place::kSkipped);
      return true;
    case Place::kRetry:
    case Place::kDelays:
      retry_.wrong_type();
      enter_nested(Place::kSkipped);
      return true;
    case Place::kBody:
      compact_.open('{');
      ++nested_;
      return true;
    case Place::kSkipped:
      ++nested_;
      return true;
  }
  return true;
}

bool MessagesHandler::on_array_begin(error_code& error) {
  switch (place_) {
    case Place::kOutside:
      if (lines_) return stop(error, "must be a JSON object");
      list_ = true;
      place_ = Place::kList;
      messages_.reserve(room_);
      return true;
    case Place::kList:
      if (!begin_item(error)) return false;
      item_.refuse("must be a JSON object");
      enter_nested(Place::kSkipped);
      return true;
    case Place::kItem:
      open_in_item('[');
      return true;
    case Place::kRetry:
      retry_.list();
      place_ = Place::kDelays;
      return true;
    case Place::kHeaders:
      item_.refuse_header_type(header_);
      enter_nested(Place::kSkipped);
      return true;
    case Place::kDelays:
      retry_.wrong_type();
      enter_nested(Place::kSkipped);
      return true;
    case Place::kBody:
      compact_.open('[');
      ++nested_;
      return true;
    case Place::kSkipped:
      ++nested_;
      return true;
  }
  return true;
}

void MessagesHandler::open_in_item(char bracket) {
  if (field_ == Field::kBody) {
    compact_.open(bracket);
    return enter_nested(Place::kBody);
  }
  if (field_ == Field::kHeaders && bracket == '{') {
    place_ = Place::kHeaders;
  } else if (field_ == Field::kRetry && bracket == '{') {
    retry_ = RetryFields();
    place_ = Place::kRetry;
  } else {
    item_.refuse_type(field_);
    enter_nested(Place::kSkipped);
  }
}

bool MessagesHandler::on_object_end(std::size_t, error_code&) {
  switch (place_) {
    case Place::kItem:
      end_item();
      place_ = list_ ? Place::kList : Place::kOutside;
      return true;
    case Place::kHeaders:
      place_ = Place::kItem;
      return true;
    case Place::kRetry:
      item_.set_retry(retry_);
      place_ = Place::kItem;
      return true;
    case Place::kBody:
    case Place::kSkipped:
      close_nested('}');
      return true;
    case Place::kOutside:
    case Place::kList:
    case Place::kDelays:
      return true;
  }
  return true;
}

bool MessagesHandler::on_array_end(std::size_t, error_code&) {
  switch (place_) {
    case Place::kList:
      place_ = Place::kOutside;
      return true;
    case Place::kDelays:
      place_ = Place::kRetry;
      return true;
    case Place::kBody:
    case Place::kSkipped:
      close_nested(']');
      return true;
    case Place::kOutside:
    case Place::kItem:
    case Place::kHeaders:
    case Place::kRetry:
      return true;
  }
  return true;
}

void MessagesHandler::close_nested(char bracket) {
  const bool in_body = place_ == Place::kBody;
  if (in_body) compact_.close(bracket);
  if (!leave_nested()) return;
  if (in_body) item_.set_json_body(compact_.take());
  if (place_ == Place::kList) end_item();  // an array that stood for a message
}

bool MessagesHandler::scalar(Scalar kind, std::string_view text, error_code& error) {
  switch (place_) {
    case Place::kOutside:
      return stop(error, lines_ ? "must be a JSON object" : "must be a JSON object, or an array of them");
    case Place::kList:
      if (!begin_item(error)) return false;
      item_.refuse("must be a JSON object");
      end_item();
      return true;
    case Place::kItem:
      item_scalar(kind, text);
      return true;
    case Place::kHeaders:
      kind == Scalar::kString ? item_.add_header(header_, text) : item_.refuse_header_type(header_);
      return true;
    case Place::kRetry:
    case Place::kDelays:
      kind == Scalar::kNumber ? retry_.number(text) : retry_.wrong_type();
      return true;
    case Place::kBody:
      kind == Scalar::kString ? compact_.string(text) : compact_.literal(text);
      return true;
    case Place::kSkipped:
      return true;
  }
  return true;
}

void MessagesHandler::item_scalar(Scalar kind, std::string_view text) {
  if (kind == Scalar::kString) return item_.set_text(field_, text);
  if (field_ == Field::kBody) return item_.set_json_body(std::string(text));
  item_.refuse_type(field_);
}

json::parse_options parse_options() {
  json::parse_options options;
  options.max_depth = kDepthMax;
  options.allow_invalid_utf8 = true;  // the field is named instead
  return options;
}

using Parser = json::basic_parser<MessagesHandler>;

// Why a document could not be read; nothing if it could.
std::optional<std::string> read_document(Parser& parser, std::string_view text) {
  error_code error;
  const auto consumed = parser.write_some(/*more=*/false, text.data(), text.size(), error);
  if (!error && consumed == text.size()) return std::nullopt;
  if (!parser.handler().problem().empty()) return parser.handler().problem();
  if (!error) error = make_error_code(json::error::extra_data);
  if (error == json::error::too_deep) return "is nested deeper than " + std::to_string(kDepthMax) + " levels";
  return "is not valid JSON: " + error.message() + " near byte " + std::to_string(consumed);
}

ErrorView broken(const std::string& place, const std::string& why) {
  const std::string subject = place.empty() ? "the body" : "'" + place + "'";
  const char* code = why == too_many() ? "invalid_request" : "invalid_json";
  return ErrorView{code, subject + " " + why, {{place.empty() ? "body" : place, why}}};
}

ErrorView none_given() { return ErrorView{"invalid_request", "there is no message in the body", {}}; }

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r") == std::string_view::npos; }

void append_part(std::string& out, std::string_view part) {
  out += std::to_string(part.size());
  out += ':';
  out += part;
}

}  // namespace

Parsed<MessagesRequest> parse_messages(std::string_view json, WallTime now) {
  Parser parser(parse_options(), now, json.size());
  const auto problem = read_document(parser, json);
  MessagesHandler& handler = parser.handler();
  if (problem) return broken(handler.is_list() ? place_of(handler.count()) : std::string(), *problem);
  if (handler.count() == 0) return none_given();
  const auto form = handler.is_list() ? MessagesRequest::Form::kArray : MessagesRequest::Form::kOne;
  return MessagesRequest{form, handler.take()};
}

Parsed<MessagesRequest> parse_message_lines(std::string_view lines, WallTime now) {
  Parser parser(parse_options(), now, lines.size());
  MessagesHandler& handler = parser.handler();
  while (!lines.empty()) {
    const auto end = std::min(lines.find('\n'), lines.size());
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    if (is_blank(line)) continue;
    const std::size_t index = handler.count();
    if (index >= kMessagesMax) return broken(place_of(index), too_many());
    parser.reset();
    handler.begin_line();
    const auto problem = read_document(parser, line);
    if (problem) handler.break_message(index, broken(place_of(index), *problem));
  }
  if (handler.count() == 0) return none_given();
  return MessagesRequest{MessagesRequest::Form::kLines, handler.take()};
}

Digest request_digest(const Message& message) {
  Headers headers = message.headers;
  std::sort(headers.begin(), headers.end());
  std::string text;
  text.reserve(message.body.size() + 256);
  append_part(text, message.id.value);
  append_part(text, message.route.exchange);
  append_part(text, message.route.routing_key);
  append_part(text, message.content_type);
  append_part(text, message.retry ? to_string(*message.retry) : std::string());
  append_part(text, message.not_before ? std::to_string(to_millis(*message.not_before)) : std::string());
  append_part(text, message.body.bytes());
  for (const auto& [name, value] : headers) {
    append_part(text, name);
    append_part(text, value);
  }
  return sha256(text);
}

}  // namespace waybill::api
