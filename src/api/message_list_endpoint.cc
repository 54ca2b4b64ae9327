#include "api/message_list_endpoint.h"

#include <charconv>
#include <utility>

#include "api/request_checks.h"
#include "api/views.h"

namespace waybill::api {
namespace {

constexpr int kLimitMax = 1'000;

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

std::variant<ListFilter, HttpError> read_filter(const HttpRequest& request) {
  auto query = read_query(request, {"status", "limit"});
  if (auto* error = std::get_if<HttpError>(&query)) return std::move(*error);
  ListFilter filter;
  for (const auto& [name, value] : std::get<QueryParameters>(query)) {
    if (name == "status") {
      filter.status = parse_state(value);
      if (!filter.status) return bad_field(name, "must be one of " + known_states() + ", or its number");
    } else {
      const auto limit = parse_limit(value);
      if (!limit) return bad_field(name, "must be a number from 1 to 1000");
      filter.limit = *limit;
    }
  }
  return filter;
}

}  // namespace

void MessageListEndpoint::handle(const HttpRequest& request, Answer answer) {
  auto filter = read_filter(request);
  if (auto* error = std::get_if<HttpError>(&filter)) return answer(to_response(ErrorForm::kV1, *error));

  operations_.list(std::get<ListFilter>(filter), [answer = std::move(answer)](Result<std::vector<Row>> rows) {
    answer(rows ? HttpResponse{200, to_json(view_of(rows.value()))}
                : to_response(ErrorForm::kV1, from_port(rows.error())));
  });
}

}  // namespace waybill::api
