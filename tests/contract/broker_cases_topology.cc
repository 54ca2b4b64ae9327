// Exchanges, queues and bindings, and where they lead.
#include "tests/contract/broker_clients.h"
#include "tests/contract/broker_suite.h"

namespace waybill::contract {
namespace {

void declaring_again_changes_nothing(BrokerHarness& harness) {
  const OneQueue one(harness);
  TestPublisher publisher(harness);
  publisher.deliver_to_broker(one.route, {"before"});
  const OneQueue again(harness);
  publisher.deliver_to_broker(one.route, {"after"});
  check_ids(drain(harness, one.queue), {"before", "after"});
}

void contradicting_declaration_is_refused(BrokerHarness& harness) {
  const OneQueue one(harness, 1'000);
  const Status refused = harness.broker().declare(Topology{{}, {{one.queue, 2'000, std::nullopt}}, {}});
  check(!refused.ok(), "a queue is not declared again with another bound");
  check(refused.error().what == ErrorClass::kConflict, "the refusal is a conflict");
  check(!refused.error().message.empty(), "the refusal says why");
}

void another_dead_letter_route_is_refused(BrokerHarness& harness) {
  const QueueName queue{harness.name("work")};
  const Route route{harness.name("dead.exchange"), "dead.key"};
  declare(harness, Topology{{}, {{queue, 1'000, route}}, {}});
  for (const auto& other : {std::optional<Route>(), std::optional(Route{route.exchange, "other.key"})}) {
    const Status refused = harness.broker().declare(Topology{{}, {{queue, 1'000, other}}, {}});
    check(!refused.ok(), "a queue is not declared again with another dead-letter route");
    check(refused.error().what == ErrorClass::kConflict, "the refusal is a conflict");
    check(refused.error().message.find(queue.value) != std::string::npos, "the refusal names the queue");
  }
  declare(harness, Topology{{}, {{queue, 1'000, route}}, {}});
}

void binding_to_a_missing_exchange_is_refused(BrokerHarness& harness) {
  const QueueName queue{harness.name("lonely")};
  declare(harness, Topology{{}, {{queue}}, {}});
  const Status refused = harness.broker().declare(Topology{{}, {}, {{{harness.name("nowhere"), "key"}, queue}}});
  check(!refused.ok(), "a queue is not bound to an exchange that does not exist");
  check(refused.error().what == ErrorClass::kNotFound, "the refusal says that it was not found");
}

void binding_to_a_missing_queue_is_refused(BrokerHarness& harness) {
  const std::string exchange = harness.name("orders");
  declare(harness, Topology{{exchange}, {}, {}});
  const Status refused = harness.broker().declare(Topology{{}, {}, {{{exchange, "key"}, {harness.name("nowhere")}}}});
  check(!refused.ok(), "a queue that does not exist is not bound");
  check(refused.error().what == ErrorClass::kNotFound, "the refusal says that it was not found");
}

void keys_are_matched_exactly(BrokerHarness& harness) {
  const std::string exchange = harness.name("orders");
  const QueueName upper{harness.name("upper")};
  const QueueName lower{harness.name("lower")};
  declare(harness, Topology{{exchange}, {{upper}, {lower}}, {{{exchange, "Key"}, upper}, {{exchange, "key"}, lower}}});
  TestPublisher publisher(harness);
  publisher.deliver_to_broker({exchange, "Key"}, {"to upper"});
  publisher.deliver_to_broker({exchange, "key"}, {"to lower"});
  const PublishTag other = publisher.send({exchange, "key.longer"}, {"to nobody"});
  publisher.wait_for_ack(other);
  check(publisher.returned_code(other) == 312, "a key that only begins like a bound one leads nowhere");
  check_ids(drain(harness, upper), {"to upper"});
  check_ids(drain(harness, lower), {"to lower"});
}

void every_bound_queue_gets_a_copy(BrokerHarness& harness) {
  const std::string exchange = harness.name("orders");
  const QueueName first{harness.name("first")};
  const QueueName second{harness.name("second")};
  const Route route{exchange, "key"};
  declare(harness, Topology{{exchange}, {{first}, {second}}, {{route, first}, {route, second}}});
  TestPublisher publisher(harness);
  publisher.deliver_to_broker(route, {"a", "b"});
  check_ids(drain(harness, first), {"a", "b"});
  check_ids(drain(harness, second), {"a", "b"});
}

void default_exchange_leads_to_the_queue_the_key_names(BrokerHarness& harness) {
  const OneQueue one(harness);
  TestPublisher publisher(harness);
  publisher.deliver_to_broker({"", one.queue.value}, {"direct"});
  const auto deliveries = drain(harness, one.queue);
  check_ids(deliveries, {"direct"});
  check(deliveries[0].route == Route{"", one.queue.value}, "the delivery names the default exchange and its key");
}

void default_exchange_returns_for_a_missing_queue(BrokerHarness& harness) {
  TestPublisher publisher(harness);
  const PublishTag tag = publisher.send({"", harness.name("no-such-queue")}, {"lost"});
  publisher.wait_for_ack(tag);
  check(publisher.returned_code(tag) == 312, "a key that names no queue is unroutable (312)");
}

}  // namespace

std::vector<BrokerCase> topology_cases() {
  return {
      {"DeclaringAgainChangesNothing", declaring_again_changes_nothing},
      {"ContradictingDeclarationIsRefused", contradicting_declaration_is_refused,
       &BrokerCapabilities::checks_declarations},
      {"AnotherDeadLetterRouteIsRefused", another_dead_letter_route_is_refused},
      {"BindingToAMissingExchangeIsRefused", binding_to_a_missing_exchange_is_refused},
      {"BindingToAMissingQueueIsRefused", binding_to_a_missing_queue_is_refused},
      {"KeysAreMatchedExactly", keys_are_matched_exactly},
      {"EveryBoundQueueGetsACopy", every_bound_queue_gets_a_copy},
      {"DefaultExchangeLeadsToTheQueueTheKeyNames", default_exchange_leads_to_the_queue_the_key_names},
      {"DefaultExchangeReturnsForAMissingQueue", default_exchange_returns_for_a_missing_queue},
  };
}

}  // namespace waybill::contract
