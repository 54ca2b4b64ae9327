// `GET /v1/stats`: messages by state, lapses and unknowns counted, the oldest that is not final.
#pragma once

#include "api/endpoint.h"
#include "ports/operations.h"

namespace waybill::api {

class StatsEndpoint final : public Endpoint {
 public:
  /// `operations` outlives the endpoint.
  explicit StatsEndpoint(Operations& operations) : operations_(operations) {}
  void handle(const HttpRequest& request, Answer answer) override;

 private:
  Operations& operations_;
};

}  // namespace waybill::api
