// What a RabbitMQ is and has, asked without changing it.
#pragma once

#include "base/result.h"
#include "broker/rabbitmq/protocol/rabbitmq_options.h"
#include "broker/rabbitmq/protocol/survey_facts.h"
#include "ports/broker.h"

namespace waybill {

/// Waits for the answers, over the addresses in turn. What exists is compared by declaring it as wanted, which changes
/// nothing: AMQP has no other question. An alarm is told only to those who publish, so one message is published to a
/// queue that there is not, and comes back. Errors: kRetry (nobody answers), kPermanent (login, vhost, version,
/// certificates), one sentence.
[[nodiscard]] Result<BrokerSurvey> survey_rabbitmq(const RabbitMqOptions& options, const Topology& wanted);

}  // namespace waybill
