#include "api/openapi_endpoint.h"

#include <string>
#include <variant>

#include "api/request_checks.h"

namespace waybill::api {

void OpenapiEndpoint::handle(const HttpRequest& request, Answer answer) {
  const auto query = read_query(request, {});
  if (const auto* error = std::get_if<HttpError>(&query)) return answer(to_response(ErrorForm::kV1, *error));
  answer(HttpResponse{200, std::string(openapi_document())});
}

}  // namespace waybill::api
