#include "api/prune_endpoint.h"

#include <utility>

#include "api/request_checks.h"
#include "api/types_bulk.h"

namespace waybill::api {
namespace {

constexpr std::string_view kAdvice = "it may have been done, wholly or in part: repeat it, and the rest is removed";

}  // namespace

void PruneEndpoint::handle(const HttpRequest& request, Answer answer) {
  const auto refuse = [](const HttpError& error) { return to_response(ErrorForm::kV1, error); };
  if (const auto error = check_json_request(request)) return answer(refuse(*error));
  auto parsed = parse_prune_request(request.body);
  if (auto* error = std::get_if<ErrorView>(&parsed)) return answer(refuse(bad_request(std::move(*error))));

  const auto& asked = std::get<PruneRequest>(parsed);
  operations_.prune(asked.older_than, asked.limit,
                    [refuse, answer = std::move(answer)](const Result<PruneReport>& report) {
                      if (!report) return answer(refuse(from_port(report.error(), kAdvice)));
                      answer(HttpResponse{200, to_json(PruneView{report->pruned, report->more})});
                    });
}

std::string_view PruneEndpoint::in_doubt_advice() const { return kAdvice; }

}  // namespace waybill::api
