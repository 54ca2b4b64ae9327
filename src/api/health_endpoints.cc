#include "api/health_endpoints.h"

#include "api/types.h"

namespace waybill::api {

void HealthEndpoint::handle(const HttpRequest&, Answer answer) { answer(HttpResponse{200, R"({"status":"ok"})"}); }

void ReadyEndpoint::handle(const HttpRequest&, Answer answer) {
  const Readiness readiness = operations_.readiness();
  HttpResponse response{readiness.ready ? 200 : 503, to_json(ReadyView{readiness.ready, readiness.reason})};
  if (!readiness.ready) response.headers.emplace_back("Retry-After", "1");
  answer(std::move(response));
}

}  // namespace waybill::api
