// The options of the parts, as one configuration gives them. Pure.
#pragma once

#include <cstdint>

#include "api/http_server.h"
#include "api/mail_send_endpoint.h"
#include "app/config.h"
#include "broker/rabbitmq/protocol/rabbitmq_options.h"
#include "engine/options.h"
#include "mail/mail_handler.h"
#include "ports/broker.h"

namespace waybill::app {

/// Larger bodies are neither accepted nor handled. Leaves room for what a message adds to the request that it was made
/// from, so that every request within http.max_body and http.max_mail_body becomes a message.
[[nodiscard]] std::size_t message_body_max(const Config& config);

/// The exchanges, queues and bindings that the configured routes and dead letters need.
[[nodiscard]] Topology topology_of(const Config& config);
/// On the embedded broker dead letters stay in their rows; another one gets copies.
[[nodiscard]] EngineOptions engine_options(const Config& config, const Owner& owner, std::string log_identity);
/// Of a broker that is not in this process.
[[nodiscard]] RabbitMqOptions rabbitmq_options(const Config& config, const Owner& owner);
[[nodiscard]] api::HttpOptions http_options(const Config& config);
[[nodiscard]] api::MailSendOptions mail_send_options(const Config& config);
[[nodiscard]] MailOptions mail_options(const Config& config);

}  // namespace waybill::app
