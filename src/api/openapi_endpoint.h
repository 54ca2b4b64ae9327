// `GET /openapi.json`: all endpoints, described for programs (OpenAPI 3.1). The text is src/api/openapi.json, which the
// build puts into the program.
#pragma once

#include <string_view>

#include "api/endpoint.h"

namespace waybill::api {

/// As it is served. For ever; any thread.
[[nodiscard]] std::string_view openapi_document();

class OpenapiEndpoint final : public Endpoint {
 public:
  void handle(const HttpRequest& request, Answer answer) override;
};

}  // namespace waybill::api
