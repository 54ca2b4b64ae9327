// `GET /v1/messages?status=&queue=&since=&cursor=&limit=`: messages, newest first, a page at a time. A state is given
// by name or number, an empty queue means the external ones, `since` is a time as in RFC 3339.
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
