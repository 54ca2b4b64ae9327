// A full queue blocks publishers, and nobody else, until it has drained.
#include "tests/contract/broker_clients.h"
#include "tests/contract/broker_suite.h"

namespace waybill::contract {
namespace {

using Kind = PublishNote::Kind;

constexpr int kBound = 10;

/// Fills the queue one by one until the publisher hears that it is blocked; returns how many were taken.
int fill(BrokerHarness& harness, const OneQueue& one, TestPublisher& publisher) {
  int taken = 0;
  for (int offered = 0; publisher.heard().count(Kind::kBlocked) == 0; ++offered) {
    check(offered < 10 * kBound, "a queue bounded to " + std::to_string(kBound) + " messages blocks");
    if (publisher.offer(one.route, {"m" + std::to_string(taken + 1)})) ++taken;
    harness.settle();
  }
  return taken;
}

void full_queue_blocks_its_publisher(BrokerHarness& harness) {
  const OneQueue one(harness, kBound);
  TestPublisher publisher(harness);
  const int taken = fill(harness, one, publisher);
  check(taken >= kBound, "a queue takes what its bound allows");
  check(!publisher.offer(one.route, {"too much"}), "a blocked session takes nothing");
  check(publisher.heard().count(Kind::kAcked) == static_cast<std::size_t>(taken), "what it took is acked");
}

void full_queue_is_ready_again_once_drained(BrokerHarness& harness) {
  const OneQueue one(harness, kBound);
  TestPublisher publisher(harness);
  const int taken = fill(harness, one, publisher);
  const auto ready_before = publisher.heard().count(Kind::kReady);
  TestConsumer consumer(harness);  // a blocked publisher does not stop acknowledgements
  consumer.subscribe(one.queue, 100);
  const auto deliveries = consumer.wait_for_deliveries(static_cast<std::size_t>(taken));
  check_ids(deliveries, numbered("m", taken));
  consumer.ack_up_to(deliveries.back());
  publisher.wait_for(Kind::kReady, ready_before + 1);
  publisher.deliver_to_broker(one.route, {"afterwards"});
}

void what_a_blocked_session_refused_does_not_arrive(BrokerHarness& harness) {
  const OneQueue one(harness, kBound);
  TestPublisher publisher(harness);
  const int taken = fill(harness, one, publisher);
  check(!publisher.offer(one.route, {"refused"}), "a blocked session takes nothing");
  check_ids(drain(harness, one.queue), numbered("m", taken));
  check_ids(drain(harness, one.queue), {});  // nor later, when there is room
}

void blocked_is_told_to_later_publishers(BrokerHarness& harness) {
  const OneQueue one(harness, kBound);
  TestPublisher publisher(harness);
  fill(harness, one, publisher);
  TestPublisher later(harness);
  // Another broker may tell it only after its first publish.
  for (int offered = 0; later.heard().count(Kind::kBlocked) == 0; ++offered) {
    check(offered < kBound, "a publisher that comes later hears that the queue is full");
    (void)later.offer(one.route, {"more"});  // refused or taken: what it hears decides
    harness.settle();
  }
  check(later.heard().notes().front().kind == Kind::kReady, "ready is the first event even then");
}

void full_queue_does_not_flap(BrokerHarness& harness) {
  const OneQueue one(harness, kBound);
  TestPublisher publisher(harness);
  const int taken = fill(harness, one, publisher);
  TestConsumer consumer(harness);
  consumer.subscribe(one.queue, 100);
  const auto deliveries = consumer.wait_for_deliveries(static_cast<std::size_t>(taken));
  consumer.ack(deliveries[0]);
  harness.settle();
  check(publisher.heard().count(Kind::kReady) == 1, "room for a single message does not wake the publishers");
}

}  // namespace

std::vector<BrokerCase> full_queue_cases() {
  constexpr auto kNeeds = &BrokerCapabilities::blocks_when_full;
  return {
      {"FullQueueBlocksItsPublisher", full_queue_blocks_its_publisher, kNeeds},
      {"FullQueueIsReadyAgainOnceDrained", full_queue_is_ready_again_once_drained, kNeeds},
      {"WhatABlockedSessionRefusedDoesNotArrive", what_a_blocked_session_refused_does_not_arrive, kNeeds},
      {"BlockedIsToldToLaterPublishers", blocked_is_told_to_later_publishers, kNeeds},
      {"FullQueueDoesNotFlap", full_queue_does_not_flap, kNeeds},
  };
}

}  // namespace waybill::contract
