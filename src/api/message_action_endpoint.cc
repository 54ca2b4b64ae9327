#include "api/message_action_endpoint.h"

#include <utility>

#include "api/request_checks.h"
#include "api/types.h"

namespace waybill::api {
namespace {

constexpr std::string_view kAdvice = "it may have been done: look at the message, and repeat the request if it was not";
constexpr Duration kAheadMax = std::chrono::hours(24 * 366);

HttpResponse refuse(const HttpError& error) { return to_response(ErrorForm::kV1, error); }

HttpResponse refuse(const ErrorView& error) { return HttpResponse{400, to_json(error)}; }

// Answers with what became of the message.
Operations::Done<State> tell(const MessageId& id, Answer answer) {
  return [id, answer = std::move(answer)](Result<State> state) {
    answer(state ? HttpResponse{200, to_json(StateChange{id.value, state.value()})}
                 : refuse(from_port(state.error(), kAdvice)));
  };
}

}  // namespace

void MessageActionEndpoint::handle(const HttpRequest& request, Answer answer) {
  const auto named = read_message_id(request);
  if (const auto* error = std::get_if<HttpError>(&named)) return answer(refuse(*error));
  if (const auto error = check_json_request(request)) return answer(refuse(*error));
  const MessageId& id = std::get<MessageId>(named);

  switch (action_) {
    case Action::kRetry: {
      const auto parsed = parse_retry_request(request.body);
      if (const auto* error = std::get_if<ErrorView>(&parsed)) return answer(refuse(*error));
      return operations_.replay(id, std::get<RetryRequest>(parsed).again, tell(id, std::move(answer)));
    }
    case Action::kCancel: {
      const auto parsed = parse_cancel_request(request.body);
      if (const auto* error = std::get_if<ErrorView>(&parsed)) return answer(refuse(*error));
      return operations_.cancel(id, tell(id, std::move(answer)));
    }
    case Action::kReschedule: {
      const auto parsed = parse_reschedule_request(request.body);
      if (const auto* error = std::get_if<ErrorView>(&parsed)) return answer(refuse(*error));
      const WallTime time = std::get<RescheduleRequest>(parsed).deliver_at;
      if (time > SystemWallClock().now() + kAheadMax) {
        return answer(refuse(bad_field("deliver_at", "is more than 366 days ahead")));
      }
      return operations_.reschedule(id, time, tell(id, std::move(answer)));
    }
    case Action::kResolve: {
      const auto parsed = parse_resolve_request(request.body);
      if (const auto* error = std::get_if<ErrorView>(&parsed)) return answer(refuse(*error));
      return operations_.resolve(id, std::get<ResolveRequest>(parsed).happened, tell(id, std::move(answer)));
    }
  }
}

std::string_view MessageActionEndpoint::in_doubt_advice() const { return kAdvice; }

}  // namespace waybill::api
