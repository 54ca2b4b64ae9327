// `GET /v1/messages/{id}`: everything that is known of one message; `?body=1` adds its body.
#pragma once

#include "api/endpoint.h"
#include "ports/operations.h"

namespace waybill::api {

class MessageShowEndpoint final : public Endpoint {
 public:
  /// `operations` outlives the endpoint.
  explicit MessageShowEndpoint(Operations& operations) : operations_(operations) {}
  void handle(const HttpRequest& request, Answer answer) override;

 private:
  Operations& operations_;
};

}  // namespace waybill::api
