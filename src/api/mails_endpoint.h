// `POST /v1/mails`: a mail with all that mails have, or up to 500 of them, each answered as POST /v1/messages answers a
// message: 200 only after intake said that it is durable.
#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "api/endpoint.h"
#include "api/keys_in_flight.h"
#include "api/mail_send_options.h"
#include "api/mails_request.h"
#include "ports/intake.h"

namespace waybill::api {

class MailsEndpoint final : public Endpoint {
 public:
  static constexpr std::string_view kPath = "/v1/mails";

  /// `intake` outlives the endpoint.
  MailsEndpoint(Intake& intake, MailSendOptions options)
      : intake_(intake), options_(std::move(options)), keys_(std::make_shared<KeysInFlight>()) {}

  void handle(const HttpRequest& request, Answer answer) override;
  [[nodiscard]] std::string_view in_doubt_advice() const override;

 private:
  [[nodiscard]] Message message_of(MailOrder order) const;

  Intake& intake_;
  const MailSendOptions options_;
  const std::shared_ptr<KeysInFlight> keys_;  // shared with the answers, which may outlive the endpoint
};

}  // namespace waybill::api
