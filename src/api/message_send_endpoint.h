// `POST /v1/messages`: one message as a JSON object, an array of them, or one a line (NDJSON); api/message_request.h
// has their form. Each is answered in its place, `{"id","status","duplicate"}` or `{"error"}`, only after intake said
// that it is durable or why not. One request is recorded by one flush.
//
// A single message is answered with its own status; many with 200 if any was accepted, else with the one that fits.
// Under an `Idempotency-Key` message n of many has the key `KEY#n`, so that a repeat completes what was done in part.
#pragma once

#include <memory>
#include <string_view>

#include "api/endpoint.h"
#include "api/keys_in_flight.h"
#include "ports/intake.h"

namespace waybill::api {

class MessageSendEndpoint final : public Endpoint {
 public:
  static constexpr std::string_view kPath = "/v1/messages";

  /// `intake` outlives the endpoint.
  explicit MessageSendEndpoint(Intake& intake) : intake_(intake), keys_(std::make_shared<KeysInFlight>()) {}

  void handle(const HttpRequest& request, Answer answer) override;
  [[nodiscard]] std::string_view in_doubt_advice() const override;

 private:
  Intake& intake_;
  const std::shared_ptr<KeysInFlight> keys_;  // shared with the answers, which may outlive the endpoint
};

}  // namespace waybill::api
