// What a RabbitMQ told means for the one who wants to use it. Pure.
#pragma once

#include <string>

#include "app/finding.h"
#include "base/result.h"
#include "broker/rabbitmq/management.h"
#include "broker/rabbitmq/survey.h"
#include "ports/broker.h"

namespace waybill::app {

/// `where`: the broker's URL, without its password.
[[nodiscard]] Findings check_survey(const Result<BrokerSurvey>& survey, const std::string& where);

/// What is dropped from the queue `dead_letters` is a copy, and only worth a warning.
[[nodiscard]] Findings check_management(const ManagementFacts& facts, const Topology& wanted,
                                        const QueueName& dead_letters);

/// What an instance does with its broker.
struct BrokerUse {
  bool publishes = false;
  bool consumes = false;
};
/// Whether the user may do it.
[[nodiscard]] Findings check_rights(const ManagedRights& rights, const Topology& wanted, const QueueName& dead_letters,
                                    BrokerUse use);

}  // namespace waybill::app
