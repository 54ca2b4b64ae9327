#include "api/stats_endpoint.h"

#include <utility>

#include "api/request_checks.h"
#include "api/views.h"

namespace waybill::api {

void StatsEndpoint::handle(const HttpRequest& request, Answer answer) {
  const auto query = read_query(request, {});
  if (const auto* error = std::get_if<HttpError>(&query)) return answer(to_response(ErrorForm::kV1, *error));

  operations_.stats([answer = std::move(answer)](Result<LogStats> stats) {
    answer(stats ? HttpResponse{200, to_json(view_of(stats.value()))}
                 : to_response(ErrorForm::kV1, from_port(stats.error())));
  });
}

}  // namespace waybill::api
