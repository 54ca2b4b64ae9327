// For whoever watches the process. `GET /healthz`: it runs and answers; anything else is a reason to restart it.
// `GET /readyz`: 200 if it can do its work, else 503 with the reason; no reason to restart it.
#pragma once

#include "api/endpoint.h"
#include "ports/operations.h"

namespace waybill::api {

class HealthEndpoint final : public Endpoint {
 public:
  void handle(const HttpRequest& request, Answer answer) override;
};

class ReadyEndpoint final : public Endpoint {
 public:
  /// `operations` outlives the endpoint.
  explicit ReadyEndpoint(const Operations& operations) : operations_(operations) {}
  void handle(const HttpRequest& request, Answer answer) override;

 private:
  const Operations& operations_;
};

}  // namespace waybill::api
