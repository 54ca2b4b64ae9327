// `POST /v1/messages/{id}/retry`, `…/cancel`, `…/resolve` and `…/reschedule`: what a person does to one message. Each
// answers the message's state afterwards; 409 if its state forbids it.
#pragma once

#include "api/endpoint.h"
#include "ports/operations.h"

namespace waybill::api {

class MessageActionEndpoint final : public Endpoint {
 public:
  enum class Action {
    kRetry,       ///< `{"again":true}` also what is known to have happened; the body may be left out
    kCancel,      ///< no body
    kResolve,     ///< `{"outcome":"done"}` or `{"outcome":"retry"}`
    kReschedule,  ///< `{"deliver_at":"2026-01-31T08:00:00Z"}`, up to 366 days ahead; what has passed means now
  };

  /// `operations` outlives the endpoint.
  MessageActionEndpoint(Operations& operations, Action action) : operations_(operations), action_(action) {}
  void handle(const HttpRequest& request, Answer answer) override;
  [[nodiscard]] std::string_view in_doubt_advice() const override;

 private:
  Operations& operations_;
  const Action action_;
};

}  // namespace waybill::api
