// `POST /v1/prune`: removes messages that ended longer ago than `{"older_than":"7d"}` says, `limit` at the most.
#pragma once

#include "api/endpoint.h"
#include "ports/operations.h"

namespace waybill::api {

class PruneEndpoint final : public Endpoint {
 public:
  /// `operations` outlives the endpoint.
  explicit PruneEndpoint(Operations& operations) : operations_(operations) {}
  void handle(const HttpRequest& request, Answer answer) override;
  [[nodiscard]] std::string_view in_doubt_advice() const override;

 private:
  Operations& operations_;
};

}  // namespace waybill::api
