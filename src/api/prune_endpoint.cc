#include "api/prune_endpoint.h"

#include <utility>

#include "api/request_checks.h"
#include "api/types_bulk.h"

namespace waybill::api {

void PruneEndpoint::handle(const HttpRequest& request, Answer answer) {
  const auto refuse = [](const HttpError& error) { return to_response(ErrorForm::kV1, error); };
  if (const auto error = check_json_request(request)) return answer(refuse(*error));
  auto parsed = parse_prune_request(request.body);
  if (auto* error = std::get_if<ErrorView>(&parsed)) return answer(refuse(bad_request(std::move(*error))));

  const auto& asked = std::get<PruneRequest>(parsed);
  operations_.prune(asked.older_than, asked.limit,
                    [refuse, answer = std::move(answer)](const Result<PruneReport>& report) {
                      if (!report) return answer(refuse(from_port(report.error())));
                      answer(HttpResponse{200, to_json(PruneView{report->pruned, report->more})});
                    });
}

}  // namespace waybill::api
