#include "api/message_list_endpoint.h"

#include <charconv>
#include <optional>
#include <utility>

#include "api/request_checks.h"
#include "api/views.h"

namespace waybill::api {
namespace {

constexpr int kLimitMax = 1'000;
constexpr std::size_t kTextBytesMax = 1'024;

std::optional<int> parse_limit(const std::string& text) {
  int limit = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (error != std::errc() || end != text.data() + text.size() || limit < 1 || limit > kLimitMax) return std::nullopt;
  return limit;
}

std::string known_states() {
  std::string names;
  for (const State state : kAllStates) names += (names.empty() ? "" : ", ") + std::string(to_string(state));
  return names;
}

// What is wrong with the parameter; nothing if it went into the filter.
std::optional<std::string> read_parameter(const std::string& name, const std::string& value, ListFilter& filter) {
  if (name == "status") {
    filter.where.status = parse_state(value);
    if (!filter.where.status) return "must be one of " + known_states() + ", or its number";
  } else if (name == "queue") {
    if (value.size() > kTextBytesMax || !is_valid_utf8(value)) return "is not the name of a queue";
    filter.where.queue = QueueName{value};
  } else if (name == "since" || name == "until") {
    auto& time = name == "since" ? filter.where.since : filter.where.until;
    time = parse_rfc3339(value);
    if (!time) {
      return "must be a time as in RFC 3339, such as 2026-01-31T08:00:00Z (a '+' is written as %2B)";
    }
  } else if (name == "cursor") {
    if (value.size() > kTextBytesMax) return "is not the 'next_cursor' of an answer";
    filter.cursor = value;
  } else {
    const auto limit = parse_limit(value);
    if (!limit) return "must be a number from 1 to 1000";
    filter.limit = *limit;
  }
  return std::nullopt;
}

std::variant<ListFilter, HttpError> read_filter(const HttpRequest& request) {
  auto query = read_query(request, {"status", "queue", "since", "until", "cursor", "limit"});
  if (auto* error = std::get_if<HttpError>(&query)) return std::move(*error);
  ListFilter filter;
  for (const auto& [name, value] : std::get<QueryParameters>(query)) {
    if (auto problem = read_parameter(name, value, filter)) return bad_field(name, *std::move(problem));
  }
  return filter;
}

}  // namespace

void MessageListEndpoint::handle(const HttpRequest& request, Answer answer) {
  auto filter = read_filter(request);
  if (auto* error = std::get_if<HttpError>(&filter)) return answer(to_response(ErrorForm::kV1, *error));

  operations_.list(std::get<ListFilter>(filter), [answer = std::move(answer)](const Result<ListPage>& page) {
    answer(page ? HttpResponse{200, to_json(view_of(page.value()))}
                : to_response(ErrorForm::kV1, from_port(page.error())));
  });
}

}  // namespace waybill::api
