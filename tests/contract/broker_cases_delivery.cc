// Subscriptions: order, prefetch, turns, cancel.
#include <algorithm>

#include "tests/contract/broker_clients.h"
#include "tests/contract/broker_suite.h"

namespace waybill::contract {
namespace {

using Kind = ConsumeNote::Kind;

void ready_is_the_first_event_of_a_consumer(BrokerHarness& harness) {
  const TestConsumer consumer(harness);
  harness.settle();
  const auto notes = consumer.heard().notes();
  check(notes.size() == 1 && notes[0].kind == Kind::kReady, "an idle consumer hears that it is ready and no more");
}

// Evidence (b) for a broker that forgot rests on this: what was confirmed before another publish began comes out first.
void a_queue_keeps_the_order_of_its_messages(BrokerHarness& harness) {
  const OneQueue one(harness);
  TestPublisher publisher(harness);
  publisher.deliver_to_broker(one.route, numbered("m", 20));
  TestConsumer consumer(harness);
  consumer.subscribe(one.queue, 100);
  for (int i = 21; i <= 40; ++i) publisher.deliver_to_broker(one.route, {"m" + std::to_string(i)});
  check_ids(consumer.wait_for_deliveries(40), numbered("m", 40));
}

void delivery_tags_increase(BrokerHarness& harness) {
  const OneQueue one(harness);
  TestPublisher publisher(harness);
  publisher.deliver_to_broker(one.route, numbered("m", 20));
  TestConsumer consumer(harness);
  consumer.subscribe(one.queue, 5);
  for (std::size_t i = 1; i <= 20; ++i) consumer.ack(consumer.wait_for_deliveries(i)[i - 1]);
  const auto deliveries = consumer.heard().deliveries();
  for (std::size_t i = 1; i < deliveries.size(); ++i) {
    check(deliveries[i - 1].tag < deliveries[i].tag, "each delivery tag is greater than the one before");
    check(deliveries[i - 1].tag.epoch == deliveries[i].tag.epoch, "the epoch stays while the session lives");
  }
}

void prefetch_bounds_what_is_unacknowledged(BrokerHarness& harness) {
  const OneQueue one(harness);
  TestPublisher publisher(harness);
  TestConsumer consumer(harness);
  consumer.subscribe(one.queue, 3);
  publisher.deliver_to_broker(one.route, numbered("m", 10));
  consumer.wait_for_deliveries(3);
  harness.settle();
  check_ids(consumer.heard().deliveries(), numbered("m", 3));
  consumer.ack(consumer.heard().deliveries()[1]);
  consumer.wait_for_deliveries(4);
  harness.settle();
  check_ids(consumer.heard().deliveries(), numbered("m", 4));
}

void prefetch_is_counted_by_queue(BrokerHarness& harness) {
  const QueueName first{harness.name("first")};
  const QueueName second{harness.name("second")};
  declare(harness, Topology{{}, {{first}, {second}}, {}});
  TestPublisher publisher(harness);
  publisher.deliver_to_broker({"", first.value}, numbered("a", 3));
  publisher.deliver_to_broker({"", second.value}, numbered("b", 3));
  TestConsumer consumer(harness);
  consumer.subscribe(first, 1);
  consumer.wait_for_deliveries(1);
  consumer.subscribe(second, 2);
  consumer.wait_for_deliveries(3);
  harness.settle();
  check_ids(consumer.heard().deliveries(), {"a1", "b1", "b2"});
}

void consumers_of_a_queue_take_turns(BrokerHarness& harness) {
  const OneQueue one(harness);
  TestConsumer first(harness);
  TestConsumer second(harness);
  first.subscribe(one.queue, 100);
  second.subscribe(one.queue, 100);
  harness.settle();
  TestPublisher publisher(harness);
  publisher.deliver_to_broker(one.route, numbered("m", 20));
  first.wait_for_deliveries(10);
  second.wait_for_deliveries(10);
}

void a_message_goes_to_one_consumer(BrokerHarness& harness) {
  const OneQueue one(harness);
  TestConsumer first(harness);
  TestConsumer second(harness);
  first.subscribe(one.queue, 100);
  second.subscribe(one.queue, 100);
  TestPublisher publisher(harness);
  publisher.deliver_to_broker(one.route, numbered("m", 20));
  harness.settle();
  std::vector<std::string> all = ids_of(first.heard().deliveries());
  for (const std::string& id : ids_of(second.heard().deliveries())) all.push_back(id);
  std::sort(all.begin(), all.end());
  std::vector<std::string> expected = numbered("m", 20);
  std::sort(expected.begin(), expected.end());
  check(all == expected, "each message is delivered once, to one of two consumers (came: " + joined(all) + ")");
}

void consumer_without_credit_leaves_messages_to_others(BrokerHarness& harness) {
  const OneQueue one(harness);
  TestConsumer slow(harness);
  slow.subscribe(one.queue, 1);
  TestPublisher publisher(harness);
  publisher.deliver_to_broker(one.route, {"m1"});
  slow.wait_for_deliveries(1);
  TestConsumer quick(harness);
  quick.subscribe(one.queue, 100);
  harness.settle();
  publisher.deliver_to_broker(one.route, {"m2", "m3", "m4"});
  check_ids(quick.wait_for_deliveries(3), {"m2", "m3", "m4"});
}

void cancel_stops_deliveries(BrokerHarness& harness) {
  const OneQueue one(harness);
  TestPublisher publisher(harness);
  TestConsumer consumer(harness);
  consumer.subscribe(one.queue, 100);
  publisher.deliver_to_broker(one.route, {"before"});
  consumer.wait_for_deliveries(1);
  consumer.cancel(one.queue);
  harness.settle();
  publisher.deliver_to_broker(one.route, {"after"});
  harness.settle();
  check_ids(consumer.heard().deliveries(), {"before"});
  check_ids(drain(harness, one.queue), {"after"});
}

void cancelled_consumer_may_still_acknowledge(BrokerHarness& harness) {
  const OneQueue one(harness);
  TestPublisher publisher(harness);
  TestConsumer consumer(harness);
  consumer.subscribe(one.queue, 100);
  publisher.deliver_to_broker(one.route, {"acked", "kept"});
  const auto deliveries = consumer.wait_for_deliveries(2);
  consumer.cancel(one.queue);
  consumer.ack(deliveries[0]);
  harness.settle();
  consumer.close();
  check_ids(drain(harness, one.queue), {"kept"});
}

void cancelled_consumer_may_subscribe_again(BrokerHarness& harness) {
  const OneQueue one(harness);
  TestPublisher publisher(harness);
  TestConsumer consumer(harness);
  consumer.subscribe(one.queue, 100);
  harness.settle();
  consumer.cancel(one.queue);
  harness.settle();
  publisher.deliver_to_broker(one.route, {"meanwhile"});
  consumer.subscribe(one.queue, 100);
  check_ids(consumer.wait_for_deliveries(1), {"meanwhile"});
}

void cancel_leaves_other_queues_alone(BrokerHarness& harness) {
  const QueueName first{harness.name("first")};
  const QueueName second{harness.name("second")};
  declare(harness, Topology{{}, {{first}, {second}}, {}});
  TestConsumer consumer(harness);
  consumer.subscribe(first, 10);
  consumer.subscribe(second, 10);
  consumer.cancel(first);
  harness.settle();
  TestPublisher publisher(harness);
  publisher.deliver_to_broker({"", second.value}, {"still"});
  check_ids(consumer.wait_for_deliveries(1), {"still"});
}

void subscription_to_a_missing_queue_is_told(BrokerHarness& harness) {
  const QueueName missing{harness.name("no-such-queue")};
  TestConsumer consumer(harness);
  consumer.subscribe(missing, 10);
  const auto told = [&] {
    return consumer.heard().count(Kind::kCancelled) > 0 || consumer.heard().count(Kind::kDown) > 0;
  };
  check(harness.wait_until(told), "a subscription to a queue that does not exist ends with an event");
}

void closed_consumer_hears_nothing(BrokerHarness& harness) {
  const OneQueue one(harness);
  TestPublisher publisher(harness);
  for (int round = 0; round < 20; ++round) {
    TestConsumer consumer(harness);
    consumer.subscribe(one.queue, 5);
    publisher.send(one.route, numbered("m", 10));
    consumer.close();  // run_case looks for what was told afterwards
  }
  harness.settle();
}

}  // namespace

std::vector<BrokerCase> delivery_cases() {
  return {
      {"ReadyIsTheFirstEventOfAConsumer", ready_is_the_first_event_of_a_consumer},
      {"AQueueKeepsTheOrderOfItsMessages", a_queue_keeps_the_order_of_its_messages},
      {"DeliveryTagsIncrease", delivery_tags_increase},
      {"PrefetchBoundsWhatIsUnacknowledged", prefetch_bounds_what_is_unacknowledged},
      {"PrefetchIsCountedByQueue", prefetch_is_counted_by_queue},
      {"ConsumersOfAQueueTakeTurns", consumers_of_a_queue_take_turns, &BrokerCapabilities::takes_turns},
      {"AMessageGoesToOneConsumer", a_message_goes_to_one_consumer},
      {"ConsumerWithoutCreditLeavesMessagesToOthers", consumer_without_credit_leaves_messages_to_others},
      {"CancelStopsDeliveries", cancel_stops_deliveries},
      {"CancelledConsumerMayStillAcknowledge", cancelled_consumer_may_still_acknowledge},
      {"CancelledConsumerMaySubscribeAgain", cancelled_consumer_may_subscribe_again},
      {"CancelLeavesOtherQueuesAlone", cancel_leaves_other_queues_alone},
      {"SubscriptionToAMissingQueueIsTold", subscription_to_a_missing_queue_is_told},
      {"ClosedConsumerHearsNothing", closed_consumer_hears_nothing},
  };
}

}  // namespace waybill::contract
