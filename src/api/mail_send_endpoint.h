// `POST /mail/send/v2`: the classic body `{"subject","content","tos"}`, the classic answer `{"code","msg","data"}`.
// 200 only after intake said that the mail's message is durable; 503 if nobody knows. A repeated request under its
// `Idempotency-Key` gets the first one's answer; 409 only if none of the two is answered in time.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "api/endpoint.h"
#include "api/keys_in_flight.h"
#include "api/mail_send_options.h"
#include "core/names.h"
#include "mail/mail_request.h"
#include "ports/intake.h"

namespace waybill::api {

class MailSendEndpoint final : public Endpoint {
 public:
  static constexpr std::string_view kPath = "/mail/send/v2";

  /// `intake` outlives the endpoint.
  MailSendEndpoint(Intake& intake, MailSendOptions options)
      : intake_(intake), options_(std::move(options)), keys_(std::make_shared<KeysInFlight>()) {}

  void handle(const HttpRequest& request, Answer answer) override;
  [[nodiscard]] std::string_view in_doubt_advice() const override;

 private:
  void accept_under_key(IntakeRequest request, MonoTime deadline, Answer answer);

  Intake& intake_;
  const MailSendOptions options_;
  const std::shared_ptr<KeysInFlight> keys_;  // shared with the answers, which may outlive the endpoint
};

}  // namespace waybill::api
