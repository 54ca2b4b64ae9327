// `GET /v1/messages?status=&limit=`: the newest messages, of one state if it is named (by name or number).
#pragma once

#include "api/endpoint.h"
#include "ports/operations.h"

namespace waybill::api {

class MessageListEndpoint final : public Endpoint {
 public:
  /// `operations` outlives the endpoint.
  explicit MessageListEndpoint(Operations& operations) : operations_(operations) {}
  void handle(const HttpRequest& request, Answer answer) override;

 private:
  Operations& operations_;
};

}  // namespace waybill::api
