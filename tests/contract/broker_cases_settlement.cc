// Acknowledge, requeue, reject, and what comes again when nobody did.
#include <algorithm>

#include "tests/contract/broker_clients.h"
#include "tests/contract/broker_suite.h"

namespace waybill::contract {
namespace {

/// A consumer that has `count` messages m1 … in hand.
struct InHand {
  InHand(BrokerHarness& harness, int count) : one(harness), publisher(harness), consumer(harness) {
    publisher.deliver_to_broker(one.route, numbered("m", count));
    consumer.subscribe(one.queue, count);
    deliveries = consumer.wait_for_deliveries(static_cast<std::size_t>(count));
  }
  OneQueue one;
  TestPublisher publisher;
  TestConsumer consumer;
  std::vector<Delivery> deliveries;
};

void acknowledged_is_not_delivered_again(BrokerHarness& harness) {
  InHand hand(harness, 5);
  for (const Delivery& delivery : hand.deliveries) hand.consumer.ack(delivery);
  harness.settle();
  hand.consumer.close();
  hand.publisher.deliver_to_broker(hand.one.route, {"next"});
  check_ids(drain(harness, hand.one.queue), {"next"});
}

void single_ack_covers_only_itself(BrokerHarness& harness) {
  InHand hand(harness, 5);
  hand.consumer.ack(hand.deliveries[2]);
  harness.settle();
  hand.consumer.close();
  check_ids(drain(harness, hand.one.queue), {"m1", "m2", "m4", "m5"});
}

void multiple_ack_covers_all_before_it(BrokerHarness& harness) {
  InHand hand(harness, 5);
  hand.consumer.ack(hand.deliveries[0]);
  hand.consumer.ack_up_to(hand.deliveries[2]);
  harness.settle();
  hand.consumer.close();
  check_ids(drain(harness, hand.one.queue), {"m4", "m5"});
}

void multiple_ack_gives_back_all_its_credit(BrokerHarness& harness) {
  InHand hand(harness, 5);
  hand.publisher.deliver_to_broker(hand.one.route, numbered("n", 5));
  hand.consumer.ack_up_to(hand.deliveries[2]);
  hand.consumer.wait_for_deliveries(8);
  harness.settle();
  check(hand.consumer.heard().deliveries().size() == 8, "three acknowledged make room for three");
}

void multiple_ack_covers_all_queues(BrokerHarness& harness) {
  InHand hand(harness, 2);
  const QueueName other{harness.name("other")};
  declare(harness, Topology{{}, {{other}}, {}});
  hand.publisher.deliver_to_broker({"", other.value}, {"o1"});
  hand.consumer.subscribe(other, 1);
  hand.consumer.ack_up_to(hand.consumer.wait_for_deliveries(3)[2]);
  harness.settle();
  hand.consumer.close();
  check_ids(drain(harness, hand.one.queue), {});
  check_ids(drain(harness, other), {});
}

void unacknowledged_comes_again_marked_redelivered(BrokerHarness& harness) {
  InHand hand(harness, 3);
  hand.consumer.close();
  const auto again = drain(harness, hand.one.queue);
  check_ids(again, numbered("m", 3));
  for (const Delivery& delivery : again) check(delivery.redelivered, delivery.id + " is marked as redelivered");
  check(again[0].body.bytes() == "body of m1", "it comes again with its body");
}

void unacknowledged_comes_before_what_was_never_delivered(BrokerHarness& harness) {
  InHand hand(harness, 3);
  hand.publisher.deliver_to_broker(hand.one.route, {"n1", "n2"});
  hand.consumer.ack(hand.deliveries[1]);
  hand.consumer.wait_for_deliveries(4);  // n1
  hand.consumer.close();
  const auto again = drain(harness, hand.one.queue);
  check_ids(again, {"m1", "m3", "n1", "n2"});
  check(!again[3].redelivered, "what was never delivered is not marked as redelivered");
}

void unacknowledged_goes_to_a_waiting_consumer(BrokerHarness& harness) {
  InHand hand(harness, 3);
  TestConsumer waiting(harness);
  waiting.subscribe(hand.one.queue, 10);
  harness.settle();
  hand.consumer.close();
  check_ids(waiting.wait_for_deliveries(3), numbered("m", 3));
}

void requeued_comes_again_marked_redelivered(BrokerHarness& harness) {
  InHand hand(harness, 1);
  hand.consumer.requeue(hand.deliveries[0].tag);
  const auto deliveries = hand.consumer.wait_for_deliveries(2);
  check_ids(deliveries, {"m1", "m1"});
  check(deliveries[1].redelivered, "a requeued message is marked as redelivered");
  check(deliveries[0].tag != deliveries[1].tag, "it comes under a tag of its own");
  hand.consumer.ack(deliveries[1]);
  harness.settle();
  hand.consumer.close();
  check_ids(drain(harness, hand.one.queue), {});
}

void requeued_keeps_its_place(BrokerHarness& harness) {
  InHand hand(harness, 4);
  hand.publisher.deliver_to_broker(hand.one.route, {"n1"});
  hand.consumer.cancel(hand.one.queue);
  harness.settle();
  hand.consumer.requeue(hand.deliveries[2].tag);
  hand.consumer.requeue(hand.deliveries[0].tag);
  harness.settle();
  check_ids(drain(harness, hand.one.queue), {"m1", "m3", "n1"});
}

struct DeadLetters {
  explicit DeadLetters(BrokerHarness& harness)
      : exchange(harness.name("dead.exchange")), work(harness.name("work")), dead(harness.name("dead")) {
    const Route route{exchange, "dead.key"};
    declare(harness, Topology{{exchange}, {{work, 1'000, route}, {dead}}, {{route, dead}}});
  }
  std::string exchange;
  QueueName work;
  QueueName dead;
};

void rejected_goes_to_the_dead_letter_route(BrokerHarness& harness) {
  const DeadLetters queues(harness);
  TestPublisher publisher(harness);
  Outgoing message{0, {"", queues.work.value}, {"m1"}, "text/x-test", {{"x-mine", "kept"}}, Body("the body")};
  publisher.wait_for_ack(publisher.send(message));
  publisher.deliver_to_broker({"", queues.work.value}, {"m2"});
  TestConsumer consumer(harness);
  consumer.subscribe(queues.work, 10);
  consumer.reject(consumer.wait_for_deliveries(2)[0].tag);
  const auto dead = drain(harness, queues.dead);
  check_ids(dead, {"m1"});
  check(dead[0].body == message.body && dead[0].content_type == "text/x-test", "it keeps its body and its type");
  check(std::find(dead[0].headers.begin(), dead[0].headers.end(), message.headers[0]) != dead[0].headers.end(),
        "it keeps its headers");
  consumer.close();
  check_ids(drain(harness, queues.work), {"m2"});
}

void rejected_without_a_dead_letter_route_is_dropped(BrokerHarness& harness) {
  InHand hand(harness, 2);
  hand.consumer.reject(hand.deliveries[0].tag);
  harness.settle();
  hand.consumer.close();
  check_ids(drain(harness, hand.one.queue), {"m2"});
}

void requeue_and_reject_give_back_credit(BrokerHarness& harness) {
  InHand hand(harness, 2);
  hand.publisher.deliver_to_broker(hand.one.route, {"n1"});
  hand.consumer.reject(hand.deliveries[0].tag);
  check_ids(hand.consumer.wait_for_deliveries(3), {"m1", "m2", "n1"});
  hand.consumer.requeue(hand.deliveries[1].tag);
  check_ids(hand.consumer.wait_for_deliveries(4), {"m1", "m2", "n1", "m2"});
}

void tags_of_another_epoch_are_ignored(BrokerHarness& harness) {
  InHand hand(harness, 4);
  const auto other_epoch = [&](std::size_t i, std::uint64_t by) {
    return DeliveryTag{hand.deliveries[i].tag.epoch + by, hand.deliveries[i].tag.number};
  };
  hand.consumer.ack(other_epoch(0, 1));
  hand.consumer.ack_up_to(other_epoch(3, static_cast<std::uint64_t>(-1)));
  hand.consumer.reject(other_epoch(1, 1));
  hand.consumer.requeue(other_epoch(2, 1));
  harness.settle();
  check_ids(hand.consumer.heard().deliveries(), numbered("m", 4));
  hand.consumer.close();
  check_ids(drain(harness, hand.one.queue), numbered("m", 4));
}

}  // namespace

std::vector<BrokerCase> settlement_cases() {
  constexpr auto kInPlace = &BrokerCapabilities::requeues_in_place;
  return {
      {"AcknowledgedIsNotDeliveredAgain", acknowledged_is_not_delivered_again},
      {"SingleAckCoversOnlyItself", single_ack_covers_only_itself, kInPlace},
      {"MultipleAckCoversAllBeforeIt", multiple_ack_covers_all_before_it},
      {"MultipleAckGivesBackAllItsCredit", multiple_ack_gives_back_all_its_credit},
      {"MultipleAckCoversAllQueues", multiple_ack_covers_all_queues},
      {"UnacknowledgedComesAgainMarkedRedelivered", unacknowledged_comes_again_marked_redelivered},
      {"UnacknowledgedComesBeforeWhatWasNeverDelivered", unacknowledged_comes_before_what_was_never_delivered,
       kInPlace},
      {"UnacknowledgedGoesToAWaitingConsumer", unacknowledged_goes_to_a_waiting_consumer},
      {"RequeuedComesAgainMarkedRedelivered", requeued_comes_again_marked_redelivered},
      {"RequeuedKeepsItsPlace", requeued_keeps_its_place, kInPlace},
      {"RejectedGoesToTheDeadLetterRoute", rejected_goes_to_the_dead_letter_route},
      {"RejectedWithoutADeadLetterRouteIsDropped", rejected_without_a_dead_letter_route_is_dropped},
      {"RequeueAndRejectGiveBackCredit", requeue_and_reject_give_back_credit},
      {"TagsOfAnotherEpochAreIgnored", tags_of_another_epoch_are_ignored},
  };
}

}  // namespace waybill::contract
