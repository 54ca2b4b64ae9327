// `POST /v1/messages/retry` and `POST /v1/messages/cancel`: the same for all messages of one kind, a bounded number at
// a time; `next_cursor` of the answer leads on. With `dry_run` they are only counted. api/types_bulk.h has the shapes.
#pragma once

#include "api/endpoint.h"
#include "api/types_bulk.h"
#include "ports/operations.h"

namespace waybill::api {

class MessageBulkEndpoint final : public Endpoint {
 public:
  /// `operations` outlives the endpoint.
  MessageBulkEndpoint(Operations& operations, BulkVerb verb) : operations_(operations), verb_(verb) {}
  void handle(const HttpRequest& request, Answer answer) override;
  [[nodiscard]] std::string_view in_doubt_advice() const override;

 private:
  Operations& operations_;
  const BulkVerb verb_;
};

}  // namespace waybill::api
