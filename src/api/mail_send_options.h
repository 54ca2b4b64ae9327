// How both endpoints for mail turn a request into a message. A value.
#pragma once

#include <cstddef>
#include <string>

#include "api/mails_request.h"
#include "core/names.h"

namespace waybill::api {

struct MailSendOptions {
  Route route{"mail.exchange", "mail.routing.key"};  ///< where mails are published
  std::string content_type = "application/json";     ///< of the message that carries a mail
  MailRules rules;
  std::size_t mails_body_max = 36U << 20U;  ///< of a request to /v1/mails
};

}  // namespace waybill::api
