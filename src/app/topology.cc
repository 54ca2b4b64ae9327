#include "app/topology.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <utility>

#include "app/wiring_options.h"
#include "broker/rabbitmq/management.h"
#include "broker/rabbitmq/rabbitmq_broker.h"
#include "broker/rabbitmq/survey.h"

namespace waybill::app {
namespace {

using Standing = SurveyedThing::Standing;

const Owner kWho{"topology", {}};

const char* queue_type(const Config& config) { return config.broker.classic_queues ? "classic" : "quorum"; }

std::string text_of(const Route& route) { return route.exchange + " / " + route.routing_key; }

std::string queue_detail(const Config& config, const QueueDeclaration& queue) {
  std::string detail = std::string(queue_type(config)) + ", durable";
  if (queue.dead_letter) detail += ", dead letters to " + text_of(*queue.dead_letter);
  return detail;
}

const char* standing_of(const SurveyedThing& thing) {
  switch (thing.standing) {
    case Standing::kAsWanted:
      return "same";
    case Standing::kMissing:
      return "missing";
    case Standing::kNotCompared:
      return "unknown";
    case Standing::kDiffers:
    case Standing::kUnusable:
      break;
  }
  return "differs";
}

TopologyComparison::Line line_of(const char* kind, const SurveyedThing& thing) {
  switch (thing.standing) {
    case Standing::kAsWanted:
    case Standing::kMissing:
      return {standing_of(thing), {kind, thing.name, ""}};
    case Standing::kNotCompared:
      return {standing_of(thing), {kind, thing.name, "it exists; this user has no right to declare it"}};
    case Standing::kDiffers:
    case Standing::kUnusable:
      break;
  }
  return {standing_of(thing), {kind, thing.name, thing.detail}};
}

/// `facts`: null if nobody could be asked.
void add_bindings(TopologyComparison& comparison, const Topology& wanted, const ManagementFacts* facts) {
  for (const Binding& binding : wanted.bindings) {
    const TopologyLine thing{"binding", text_of(binding.route), "to " + binding.queue.value};
    if (facts == nullptr) {
      comparison.lines.push_back(
          {"unknown", {thing.kind, thing.name, thing.detail + ": AMQP cannot tell; set broker.management_url"}});
      continue;
    }
    const bool there = std::any_of(facts->queues.begin(), facts->queues.end(), [&](const ManagedQueue& queue) {
      const auto& all = queue.bindings;
      return queue.name == binding.queue.value &&
             (binding.route.exchange.empty() || std::find(all.begin(), all.end(), binding.route) != all.end());
    });
    comparison.lines.push_back({there ? "same" : "missing", thing});
  }
}

/// No policy is ours: one that drops messages makes the queue another than it was declared to be.
void add_policies(TopologyComparison& comparison, const ManagementFacts& facts) {
  for (const ManagedQueue& queue : facts.queues) {
    std::string drops;
    if (queue.message_ttl) drops += "; message-ttl " + std::to_string(*queue.message_ttl) + " ms";
    if (queue.expires) drops += "; expires " + std::to_string(*queue.expires) + " ms";
    if (queue.drops_when_full) drops += "; drops its oldest messages when it is full";
    if (queue.policy.empty() && drops.empty()) continue;
    comparison.lines.push_back(
        {drops.empty() ? "same" : "differs", {"policy", queue.policy, "of queue " + queue.name + drops}});
  }
}

}  // namespace

std::vector<TopologyLine> topology_lines(const Config& config) {
  const Topology topology = topology_of(config);
  std::vector<TopologyLine> lines;
  for (const auto& exchange : topology.exchanges) lines.push_back({"exchange", exchange, "direct, durable"});
  for (const auto& queue : topology.queues) lines.push_back({"queue", queue.name.value, queue_detail(config, queue)});
  for (const auto& binding : topology.bindings) {
    lines.push_back({"binding", text_of(binding.route), "to " + binding.queue.value});
  }
  return lines;
}

std::string topology_as_json(const Config& config) {
  const Topology topology = topology_of(config);
  boost::json::array exchanges;
  for (const auto& exchange : topology.exchanges) {
    exchanges.push_back({{"name", exchange}, {"type", "direct"}, {"durable", true}});
  }
  boost::json::array queues;
  for (const auto& queue : topology.queues) {
    boost::json::object dead;
    if (queue.dead_letter) {
      dead = {{"exchange", queue.dead_letter->exchange}, {"routing_key", queue.dead_letter->routing_key}};
    }
    queues.push_back({{"name", queue.name.value},
                      {"type", queue_type(config)},
                      {"durable", true},
                      {"dead_letter", queue.dead_letter ? boost::json::value(dead) : boost::json::value(nullptr)}});
  }
  boost::json::array bindings;
  for (const auto& binding : topology.bindings) {
    bindings.push_back({{"exchange", binding.route.exchange},
                        {"routing_key", binding.route.routing_key},
                        {"queue", binding.queue.value}});
  }
  const boost::json::object all{{"exchanges", exchanges}, {"queues", queues}, {"bindings", bindings}};
  return boost::json::serialize(all) + "\n";
}

Status declare_topology(const Config& config) {
  auto broker = RabbitMqBroker::make(rabbitmq_options(config, kWho));
  if (!broker.ok()) return broker.error();
  return (*broker)->declare(topology_of(config));
}

bool TopologyComparison::same() const {
  return std::none_of(lines.begin(), lines.end(),
                      [](const Line& line) { return line.standing == "missing" || line.standing == "differs"; });
}

Result<TopologyComparison> compare_topology(const Config& config) {
  const Topology wanted = topology_of(config);
  const RabbitMqOptions options = rabbitmq_options(config, kWho);
  const auto survey = survey_rabbitmq(options, wanted);
  if (!survey.ok()) return survey.error();
  TopologyComparison comparison;
  for (const auto& exchange : survey->exchanges) comparison.lines.push_back(line_of("exchange", exchange));
  for (const auto& queue : survey->queues) comparison.lines.push_back(line_of("queue", queue));
  if (config.broker.management_url.empty()) {
    add_bindings(comparison, wanted, nullptr);
  } else {
    const auto facts = ask_management(config.broker.management_url, options, wanted, SystemWallClock());
    if (!facts.ok()) return facts.error();
    add_bindings(comparison, wanted, &*facts);
    add_policies(comparison, *facts);
  }
  return comparison;
}

std::string comparison_as_json(const TopologyComparison& comparison) {
  boost::json::array things;
  for (const auto& line : comparison.lines) {
    things.push_back({{"standing", line.standing},
                      {"kind", line.thing.kind},
                      {"name", line.thing.name},
                      {"detail", line.thing.detail}});
  }
  const boost::json::object all{{"same", comparison.same()}, {"things", std::move(things)}};
  return boost::json::serialize(all) + "\n";
}

}  // namespace waybill::app
