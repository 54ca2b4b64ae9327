// Whatever bytes arrive at POST /v1/messages: they are read or refused with a reason, what is accepted is fit to be
// recorded, and a message is the same alone, in an array and on a line.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>

#include "api/message_request.h"
#include "core/names.h"

namespace waybill::api {
namespace {

constexpr WallTime kNow = from_millis(1'769'846'400'000);

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

bool is_name(std::string_view text) {
  return text.size() <= 255 && is_valid_utf8(text) && std::none_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
         });
}

void check_accepted(const Message& message) {
  require(is_name(message.route.exchange) && is_name(message.route.routing_key), "the route");
  require(is_name(message.content_type), "the content type");
  require(message.id.value.empty() || validate_message_id(message.id.value).ok(), "the id");
  require(message.body.binary() || is_valid_utf8(message.body.bytes()), "text is UTF-8");
  require(message.body.binary() || message.body.bytes().find('\0') == std::string::npos, "text has no NUL");
  require(!message.not_before || *message.not_before <= kNow + std::chrono::hours(24 * 366), "the time");
  require(message.headers.size() <= 64, "number of headers");
  std::set<std::string> names;
  for (const auto& [name, value] : message.headers) {
    require(!name.empty() && is_name(name) && !name.starts_with("x-waybill-"), "a header's name");
    require(is_valid_utf8(value), "a header's value");
    require(names.insert(name).second, "each header once");
  }
  if (!message.retry) return;
  const auto policy = parse_retry_policy(to_string(*message.retry));
  require(policy.ok() && *policy == *message.retry, "the policy can be stored");
}

void check_refused(const ErrorView& error) {
  require(!error.code.empty() && !error.message.empty(), "a code and a reason");
  require(error.fields.size() <= 16, "a bounded number of reasons");
  for (const FieldError& field : error.fields) require(field.message.size() < 1'000, "short reasons");
  require(is_valid_utf8(to_json(error)), "reasons fit to show");
}

void check(const Parsed<Message>& message) {
  if (const auto* accepted = std::get_if<Message>(&message)) {
    check_accepted(*accepted);
  } else {
    check_refused(std::get<ErrorView>(message));
  }
}

const MessagesRequest* check(const Parsed<MessagesRequest>& parsed) {
  const auto* request = std::get_if<MessagesRequest>(&parsed);
  if (request == nullptr) {
    check_refused(std::get<ErrorView>(parsed));
    return nullptr;
  }
  require(!request->messages.empty() && request->messages.size() <= kMessagesMax, "number of messages");
  for (const auto& message : request->messages) check(message);
  return request;
}

void check_same(const Parsed<Message>& left, const Parsed<MessagesRequest>& right) {
  const auto* request = check(right);
  if (request == nullptr) return;  // an array is one level deeper
  require(request->messages.size() == 1, "also one message");
  const auto* accepted = std::get_if<Message>(&left);
  const auto* other = std::get_if<Message>(&request->messages[0]);
  require((accepted == nullptr) == (other == nullptr), "accepted in every form, or in none");
  require(accepted == nullptr || request_digest(*accepted) == request_digest(*other), "the same in every form");
}

void check_text(std::string_view text) {
  const auto parsed = parse_messages(text, kNow);
  check(parse_message_lines(text, kNow));
  const auto* request = check(parsed);
  if (request == nullptr || request->form != MessagesRequest::Form::kOne) return;
  check_same(request->messages[0], parse_messages("[" + std::string(text) + "]", kNow));
  if (text.find('\n') == std::string_view::npos) check_same(request->messages[0], parse_message_lines(text, kNow));
}

}  // namespace
}  // namespace waybill::api

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  waybill::api::check_text({reinterpret_cast<const char*>(data), size});
  return 0;
}
