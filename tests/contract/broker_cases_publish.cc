// What becomes of a publish: ack, return, and what may disturb what.
#include "tests/contract/broker_clients.h"
#include "tests/contract/broker_suite.h"

namespace waybill::contract {
namespace {

using Kind = PublishNote::Kind;

std::size_t position_of(const std::vector<PublishNote>& notes, Kind kind, PublishTag tag) {
  std::size_t at = 0;
  while (at < notes.size() && (notes[at].kind != kind || notes[at].tag != tag)) ++at;
  return at;
}

void check_returned_before_its_ack(const TestPublisher& publisher, PublishTag tag, int code) {
  check(publisher.returned_code(tag) == code, "publish " + std::to_string(tag) + " is returned with " +
                                                  std::to_string(code) +
                                                  " (was: " + std::to_string(publisher.returned_code(tag)) + ")");
  check(publisher.heard().count(Kind::kReturned, tag) == 1, "it is returned once");
  const auto notes = publisher.heard().notes();
  check(position_of(notes, Kind::kReturned, tag) < position_of(notes, Kind::kAcked, tag),
        "a return comes before the ack of the same publish");
}

void ready_is_the_first_event_of_a_publisher(BrokerHarness& harness) {
  const TestPublisher publisher(harness);
  harness.settle();
  const auto notes = publisher.heard().notes();
  check(notes.size() == 1 && notes[0].kind == Kind::kReady, "an idle publisher hears that it is ready and no more");
}

void message_arrives_as_it_was_published(BrokerHarness& harness) {
  const OneQueue one(harness);
  TestPublisher publisher(harness);
  Outgoing message{0, one.route, {"an id with ünïcödé"}, "application/x-test", {}, {}};
  message.headers = {{"x-zebra", "first"}, {"x-ape", ""}, {"x-waybill-log", "0123"}};
  std::string bytes;
  for (int i = 0; i < 512; ++i) bytes += static_cast<char>(i);
  message.body = Body(bytes, true);
  publisher.wait_for_ack(publisher.send(message));
  TestConsumer consumer(harness);
  consumer.subscribe(one.queue, 10);
  const Delivery delivery = consumer.wait_for_deliveries(1)[0];
  check(delivery.id == message.id.value, "the id arrives");
  check(delivery.route == message.route, "the exchange and the key arrive");
  check(delivery.queue == one.queue, "the delivery names its queue");
  check(delivery.content_type == message.content_type, "the content type arrives");
  check(delivery.headers == message.headers, "the headers arrive in their order");
  check(delivery.body.bytes() == bytes, "the body arrives byte for byte");
  check(!delivery.redelivered, "a first delivery is not marked as redelivered");
}

void bodies_of_all_sizes_arrive(BrokerHarness& harness) {
  const OneQueue one(harness);
  TestPublisher publisher(harness);
  std::vector<Outgoing> batch;
  for (const std::size_t size : {0U, 1U, 4'096U, 131'072U, 1'048'576U}) {
    batch.push_back({0, one.route, {std::to_string(size)}, "", {}, Body(std::string(size, 'x'))});
  }
  const PublishTag first = publisher.send(batch);
  publisher.wait_for_ack(first + batch.size() - 1);
  const auto deliveries = drain(harness, one.queue);
  check(deliveries.size() == batch.size(), "every message of the batch arrives");
  for (std::size_t i = 0; i < batch.size(); ++i) {
    check(deliveries[i].body.bytes() == batch[i].body.bytes(), "a body of " + batch[i].id.value + " bytes arrives");
    check(deliveries[i].content_type.empty(), "no content type arrives as none");
  }
}

void every_publish_is_acked_exactly_once(BrokerHarness& harness) {
  const OneQueue one(harness);
  TestPublisher publisher(harness);
  const PublishTag first = publisher.send(one.route, numbered("m", 300));
  const PublishTag second = publisher.send(one.route, numbered("n", 1));
  for (PublishTag tag = first; tag <= second; ++tag) publisher.wait_for_ack(tag);
  harness.settle();
  for (PublishTag tag = first; tag <= second; ++tag) {
    check(publisher.heard().count(Kind::kAcked, tag) == 1, "publish " + std::to_string(tag) + " is acked once");
  }
  check(publisher.heard().count(Kind::kNacked) == 0, "what is acked is not nacked");
  check(publisher.heard().count(Kind::kReturned) == 0, "what has a queue is not returned");
}

void what_is_acked_is_in_its_queue(BrokerHarness& harness) {
  const OneQueue one(harness);
  TestPublisher publisher(harness);
  publisher.deliver_to_broker(one.route, numbered("m", 60));
  check_ids(drain(harness, one.queue), numbered("m", 60));
}

void unroutable_is_returned_before_its_ack(BrokerHarness& harness) {
  const OneQueue one(harness);
  TestPublisher publisher(harness);
  const PublishTag tag = publisher.send({one.route.exchange, "no such key"}, {"lost"});
  publisher.wait_for_ack(tag);
  harness.settle();
  check_returned_before_its_ack(publisher, tag, 312);
  check_ids(drain(harness, one.queue), {});
}

void missing_exchange_is_returned_before_its_ack(BrokerHarness& harness) {
  TestPublisher publisher(harness);
  const PublishTag tag = publisher.send({harness.name("no-such-exchange"), "key"}, {"lost"});
  publisher.wait_for_ack(tag);
  harness.settle();
  check_returned_before_its_ack(publisher, tag, 404);
}

void bad_routes_disturb_no_neighbour(BrokerHarness& harness) {
  const OneQueue one(harness);
  TestPublisher publisher(harness);
  TestPublisher other(harness);
  const std::string missing = harness.name("no-such-exchange");
  std::vector<Outgoing> batch;
  for (const auto& [id, route] : std::vector<std::pair<std::string, Route>>{{"good1", one.route},
                                                                            {"bad1", {missing, "new"}},
                                                                            {"good2", one.route},
                                                                            {"bad2", {one.route.exchange, "old"}},
                                                                            {"good3", one.route}}) {
    batch.push_back({0, route, {id}, "", {}, Body(id)});
  }
  const PublishTag first = publisher.send(batch);
  other.deliver_to_broker(one.route, {"of another session"});
  for (PublishTag tag = first; tag < first + 5; ++tag) publisher.wait_for_ack(tag);
  harness.settle();
  check_returned_before_its_ack(publisher, first + 1, 404);
  check_returned_before_its_ack(publisher, first + 3, 312);
  check(publisher.heard().count(Kind::kReturned) == 2, "only what has no queue is returned");
  check(publisher.heard().count(Kind::kDown) + other.heard().count(Kind::kDown) == 0, "no session goes down");
  publisher.deliver_to_broker(one.route, {"good4"});
  check(drain(harness, one.queue).size() == 5, "every routable message is in the queue");
}

void answers_go_to_the_session_that_published(BrokerHarness& harness) {
  const OneQueue one(harness);
  TestPublisher first(harness);
  TestPublisher second(harness);
  const PublishTag good = first.send(one.route, {"good"});
  const PublishTag bad = second.send({one.route.exchange, "no such key"}, {"bad"});
  check(good == bad, "both sessions use the same tag");
  first.wait_for_ack(good);
  second.wait_for_ack(bad);
  harness.settle();
  check(first.heard().count(Kind::kAcked) == 1, "the first session hears one ack");
  check(second.heard().count(Kind::kAcked) == 1, "the second session hears one ack");
  check(first.returned_code(good) == 0 && second.returned_code(bad) == 312, "only the second session hears a return");
}

void empty_batch_is_taken_without_an_answer(BrokerHarness& harness) {
  TestPublisher publisher(harness);
  check(publisher.offer({"", "anything"}, {}), "a ready session takes an empty batch");
  harness.settle();
  check(publisher.heard().notes().size() == 1, "nothing is told about it");
}

void messages_outlive_their_publisher(BrokerHarness& harness) {
  const OneQueue one(harness);
  {
    TestPublisher publisher(harness);
    publisher.deliver_to_broker(one.route, numbered("m", 3));
  }
  check_ids(drain(harness, one.queue), numbered("m", 3));
}

void closed_publisher_hears_nothing(BrokerHarness& harness) {
  const OneQueue one(harness);
  for (int round = 0; round < 20; ++round) {
    TestPublisher publisher(harness);
    publisher.send(one.route, numbered("m", 10));
    publisher.close();  // run_case looks for what was told afterwards
  }
  harness.settle();
}

}  // namespace

std::vector<BrokerCase> publish_cases() {
  return {
      {"ReadyIsTheFirstEventOfAPublisher", ready_is_the_first_event_of_a_publisher},
      {"MessageArrivesAsItWasPublished", message_arrives_as_it_was_published},
      {"BodiesOfAllSizesArrive", bodies_of_all_sizes_arrive},
      {"EveryPublishIsAckedExactlyOnce", every_publish_is_acked_exactly_once},
      {"WhatIsAckedIsInItsQueue", what_is_acked_is_in_its_queue},
      {"UnroutableIsReturnedBeforeItsAck", unroutable_is_returned_before_its_ack},
      {"MissingExchangeIsReturnedBeforeItsAck", missing_exchange_is_returned_before_its_ack},
      {"BadRoutesDisturbNoNeighbour", bad_routes_disturb_no_neighbour},
      {"AnswersGoToTheSessionThatPublished", answers_go_to_the_session_that_published},
      {"EmptyBatchIsTakenWithoutAnAnswer", empty_batch_is_taken_without_an_answer},
      {"MessagesOutliveTheirPublisher", messages_outlive_their_publisher},
      {"ClosedPublisherHearsNothing", closed_publisher_hears_nothing},
  };
}

}  // namespace waybill::contract
