#include "api/message_bulk_endpoint.h"

#include <cstdint>
#include <utility>

#include "api/request_checks.h"

namespace waybill::api {
namespace {

constexpr std::int64_t kCountMost = 100'000;  // beyond it a count would cost more than it tells

constexpr std::string_view kAdvice =
    "it may have been done, wholly or in part: repeat it, and what was done already is left out; with 'again' look at "
    "the "
    "messages first";

HttpResponse refuse(const HttpError& error) { return to_response(ErrorForm::kV1, error); }

Selection selection_of(const BulkRequest& request) {
  Selection selection;
  selection.where.status = request.status;
  if (request.queue) selection.where.queue = QueueName{*request.queue};
  selection.where.since = request.since;
  selection.where.until = request.until;
  selection.cursor = request.cursor;
  selection.limit = request.limit;
  selection.rate = request.rate;
  return selection;
}

Operations::Done<std::int64_t> tell_count(Answer answer) {
  return [answer = std::move(answer)](const Result<std::int64_t>& count) {
    if (!count) return answer(refuse(from_port(count.error())));
    answer(HttpResponse{200, to_json(MatchView{*count, *count < kCountMost})});
  };
}

Operations::Done<BulkReport> tell_report(Answer answer) {
  return [answer = std::move(answer)](const Result<BulkReport>& report) {
    if (!report) return answer(refuse(from_port(report.error(), kAdvice)));
    answer(HttpResponse{200, to_json(BulkView{report->changed, report->refused, report->next_cursor})});
  };
}

}  // namespace

void MessageBulkEndpoint::handle(const HttpRequest& request, Answer answer) {
  if (const auto error = check_json_request(request)) return answer(refuse(*error));
  auto parsed = parse_bulk_request(verb_, request.body);
  if (auto* error = std::get_if<ErrorView>(&parsed)) return answer(refuse(bad_request(std::move(*error))));
  const auto& asked = std::get<BulkRequest>(parsed);
  const Selection selection = selection_of(asked);
  if (asked.dry_run) return operations_.count(selection.where, kCountMost, tell_count(std::move(answer)));
  switch (verb_) {
    case BulkVerb::kRetry:
      return operations_.replay_all(selection, asked.again, tell_report(std::move(answer)));
    case BulkVerb::kCancel:
      return operations_.cancel_all(selection, tell_report(std::move(answer)));
  }
}

std::string_view MessageBulkEndpoint::in_doubt_advice() const { return kAdvice; }

}  // namespace waybill::api
