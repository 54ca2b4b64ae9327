// Sessions that break and come back by themselves.
#include <algorithm>

#include "tests/contract/broker_clients.h"
#include "tests/contract/broker_suite.h"

namespace waybill::contract {
namespace {

using Publish = PublishNote::Kind;
using Consume = ConsumeNote::Kind;

void publisher_that_broke_is_ready_again(BrokerHarness& harness) {
  const OneQueue one(harness);
  TestPublisher publisher(harness);
  harness.break_sessions();
  publisher.wait_for(Publish::kDown, 1);
  publisher.wait_for(Publish::kReady, 2);
  publisher.deliver_to_broker(one.route, {"afterwards"});
  const auto notes = publisher.heard().notes();
  check(notes[0].kind == Publish::kReady && notes[1].kind == Publish::kDown && notes[2].kind == Publish::kReady,
        "a session that breaks tells ready, down, ready");
}

void broken_publisher_takes_nothing_until_it_is_ready(BrokerHarness& harness) {
  const OneQueue one(harness);
  TestPublisher publisher(harness);
  harness.break_sessions();
  publisher.wait_for(Publish::kDown, 1);
  if (publisher.heard().count(Publish::kReady) == 1) {
    const bool taken = publisher.offer(one.route, {"too early"});
    check(!taken || publisher.heard().count(Publish::kReady) > 1, "a session that is down takes nothing");
  }
}

void nothing_is_answered_after_down(BrokerHarness& harness) {
  const OneQueue one(harness);
  TestPublisher publisher(harness);
  const PublishTag first = publisher.send(one.route, numbered("m", 50));
  harness.break_sessions();
  publisher.wait_for(Publish::kReady, 2);
  const PublishTag fresh = publisher.send(one.route, {"fresh"});
  publisher.wait_for_ack(fresh);
  harness.settle();
  bool down = false;
  for (const PublishNote& note : publisher.heard().notes()) {
    if (note.kind == Publish::kDown) down = true;
    const bool answer =
        note.kind == Publish::kAcked || note.kind == Publish::kNacked || note.kind == Publish::kReturned;
    check(!down || !answer || note.tag == fresh, "what was unanswered when the session went down stays unanswered");
  }
  for (PublishTag tag = first; tag < fresh; ++tag) {
    check(publisher.heard().count(Publish::kAcked, tag) <= 1, "nothing is acked twice");
  }
}

void broken_consumer_gets_its_deliveries_again_in_a_later_epoch(BrokerHarness& harness) {
  const OneQueue one(harness);
  TestPublisher publisher(harness);
  publisher.deliver_to_broker(one.route, numbered("m", 3));
  TestConsumer consumer(harness);
  consumer.subscribe(one.queue, 3);
  consumer.wait_for_deliveries(3);
  harness.break_sessions();
  consumer.wait_for(Consume::kDown, 1);
  consumer.wait_for(Consume::kReady, 2);
  consumer.subscribe(one.queue, 3);
  const auto deliveries = consumer.wait_for_deliveries(6);
  check_ids({deliveries.begin() + 3, deliveries.end()}, numbered("m", 3));
  check(deliveries[3].redelivered, "what comes again is marked as redelivered");
  check(deliveries[3].tag.epoch > deliveries[0].tag.epoch, "its tag belongs to a later epoch");
}

void broken_consumer_cannot_acknowledge_what_it_had(BrokerHarness& harness) {
  const OneQueue one(harness);
  TestPublisher publisher(harness);
  publisher.deliver_to_broker(one.route, numbered("m", 3));
  TestConsumer consumer(harness);
  consumer.subscribe(one.queue, 3);
  const auto before = consumer.wait_for_deliveries(3);
  harness.break_sessions();
  consumer.wait_for(Consume::kReady, 2);
  consumer.subscribe(one.queue, 3);
  consumer.wait_for_deliveries(6);
  consumer.ack_up_to(before[2]);  // the same numbers are in hand again
  harness.settle();
  consumer.close();
  auto left = ids_of(drain(harness, one.queue));
  std::sort(left.begin(), left.end());  // they were given back twice: of their order nothing is promised
  check(left == numbered("m", 3), "what an earlier epoch delivered stays in the queue (came: " + joined(left) + ")");
}

void broken_consumer_must_subscribe_again(BrokerHarness& harness) {
  const OneQueue one(harness);
  TestConsumer consumer(harness);
  consumer.subscribe(one.queue, 3);
  harness.settle();
  harness.break_sessions();
  consumer.wait_for(Consume::kReady, 2);
  TestPublisher publisher(harness);
  publisher.deliver_to_broker(one.route, {"m1"});
  harness.settle();
  check_ids(consumer.heard().deliveries(), {});
  consumer.subscribe(one.queue, 3);
  check_ids(consumer.wait_for_deliveries(1), {"m1"});
}

}  // namespace

std::vector<BrokerCase> broken_session_cases() {
  constexpr auto kNeeds = &BrokerCapabilities::breaks_sessions;
  return {
      {"PublisherThatBrokeIsReadyAgain", publisher_that_broke_is_ready_again, kNeeds},
      {"BrokenPublisherTakesNothingUntilItIsReady", broken_publisher_takes_nothing_until_it_is_ready, kNeeds},
      {"NothingIsAnsweredAfterDown", nothing_is_answered_after_down, kNeeds},
      {"BrokenConsumerGetsItsDeliveriesAgainInALaterEpoch", broken_consumer_gets_its_deliveries_again_in_a_later_epoch,
       kNeeds},
      {"BrokenConsumerCannotAcknowledgeWhatItHad", broken_consumer_cannot_acknowledge_what_it_had, kNeeds},
      {"BrokenConsumerMustSubscribeAgain", broken_consumer_must_subscribe_again, kNeeds},
  };
}

}  // namespace waybill::contract
