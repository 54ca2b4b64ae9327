// Wrong topologies, wrong answers to a publish, wrong blocking.
#include <map>

#include "tests/contract/passing_broker.h"
#include "tests/contract/wrong_brokers.h"

namespace waybill::contract {
namespace {

template <class Publisher>
std::unique_ptr<Broker> with(std::unique_ptr<Broker> right) {
  return std::make_unique<PassingBroker<Publisher, PassingConsumer>>(std::move(right));
}

std::unique_ptr<Broker> with_topology(std::unique_ptr<Broker> right, std::function<void(Topology&)> change) {
  return std::make_unique<PassingBroker<PassingPublisher, PassingConsumer>>(std::move(right), std::move(change));
}

// ---- answers ------------------------------------------------------------------------------------------------------

struct ForgetsReturns : PassingPublisher {
  using PassingPublisher::PassingPublisher;
  void on_returned(PublishTag, int, std::string) override {}
};

struct ReturnsAfterTheAck : PassingPublisher {
  using PassingPublisher::PassingPublisher;
  void on_returned(PublishTag tag, int code, std::string text) override { late_.emplace_back(tag, code, text); }
  void on_confirmed(std::vector<PublishTag> acked, std::vector<PublishTag> nacked) override {
    listener_.on_confirmed(std::move(acked), std::move(nacked));
    for (auto& [tag, code, text] : std::exchange(late_, {})) listener_.on_returned(tag, code, std::move(text));
  }
  std::vector<std::tuple<PublishTag, int, std::string>> late_;
};

struct ReturnsEverythingAsUnroutable : PassingPublisher {
  using PassingPublisher::PassingPublisher;
  void on_returned(PublishTag tag, int, std::string) override { listener_.on_returned(tag, 312, "NO_ROUTE"); }
};

struct ReturnsTheFirstOfTheBatch : PassingPublisher {
  using PassingPublisher::PassingPublisher;
  bool publish(std::span<const Outgoing> batch) override {
    if (!batch.empty()) first_ = batch[0].tag;
    return session_->publish(batch);
  }
  void on_returned(PublishTag, int code, std::string text) override { listener_.on_returned(first_, code, text); }
  PublishTag first_ = 0;
};

struct DropsTheBatchOfAMissingExchange : PassingPublisher {
  using PassingPublisher::PassingPublisher;
  void on_returned(PublishTag tag, int code, std::string text) override {
    listener_.on_returned(tag, code, std::move(text));
    if (code == 404) listener_.on_publish_down("channel closed: NOT_FOUND");
  }
};

struct AcksWhatItDrops : PassingPublisher {
  using PassingPublisher::PassingPublisher;
  bool publish(std::span<const Outgoing> batch) override {
    std::vector<Outgoing> some(batch.begin(), batch.end());
    for (Outgoing& message : some) {
      if (++seen_ % 7 == 0) message.route = Route{"", "a queue that is not there"};
    }
    return session_->publish(some);
  }
  void on_returned(PublishTag tag, int code, std::string text) override {
    if (tag % 7 != 0) listener_.on_returned(tag, code, std::move(text));
  }
  int seen_ = 0;
};

struct ConfirmsTwice : PassingPublisher {
  using PassingPublisher::PassingPublisher;
  void on_confirmed(std::vector<PublishTag> acked, std::vector<PublishTag> nacked) override {
    listener_.on_confirmed(acked, nacked);
    listener_.on_confirmed(std::move(acked), std::move(nacked));
  }
};

struct ConfirmsOnlyTheLastOfABatch : PassingPublisher {
  using PassingPublisher::PassingPublisher;
  void on_confirmed(std::vector<PublishTag> acked, std::vector<PublishTag> nacked) override {
    if (acked.size() > 1) acked.erase(acked.begin(), acked.end() - 1);
    listener_.on_confirmed(std::move(acked), std::move(nacked));
  }
};

struct NacksWhatItTook : PassingPublisher {
  using PassingPublisher::PassingPublisher;
  void on_confirmed(std::vector<PublishTag> acked, std::vector<PublishTag>) override {
    const PublishTag last = acked.back();
    listener_.on_confirmed(std::move(acked), {last});
  }
};

struct AnswersInsideTheCall : PassingPublisher {
  using PassingPublisher::PassingPublisher;
  bool publish(std::span<const Outgoing> batch) override {
    if (!session_->publish(batch)) return false;
    std::vector<PublishTag> tags;
    for (const Outgoing& message : batch) tags.push_back(message.tag);
    listener_.on_confirmed(std::move(tags), {});
    return true;
  }
  void on_confirmed(std::vector<PublishTag>, std::vector<PublishTag>) override {}
};

struct ConfirmsToEverybody : PassingPublisher {
  ConfirmsToEverybody(Broker& inner, PublishEvents& listener) : PassingPublisher(inner, listener) {
    everybody().push_back(this);
  }
  ~ConfirmsToEverybody() override { std::erase(everybody(), this); }
  void on_confirmed(std::vector<PublishTag> acked, std::vector<PublishTag> nacked) override {
    for (ConfirmsToEverybody* const one : everybody()) one->listener_.on_confirmed(acked, nacked);
  }
  static std::vector<ConfirmsToEverybody*>& everybody() {
    static std::vector<ConfirmsToEverybody*> all;
    return all;
  }
};

struct SpeaksAfterItsEnd : PublishSession {
  SpeaksAfterItsEnd(Broker& inner, PublishEvents& listener)
      : passing_(std::make_shared<PassingPublisher>(inner, listener)) {}
  bool publish(std::span<const Outgoing> batch) override { return passing_->publish(batch); }
  std::shared_ptr<PassingPublisher> passing_;
};

struct CutsTheBodyAtANul : PassingPublisher {
  using PassingPublisher::PassingPublisher;
  bool publish(std::span<const Outgoing> batch) override {
    std::vector<Outgoing> cut(batch.begin(), batch.end());
    for (Outgoing& message : cut) message.body = Body(message.body.bytes().c_str());
    return session_->publish(cut);
  }
};

struct SortsTheHeaders : PassingPublisher {
  using PassingPublisher::PassingPublisher;
  bool publish(std::span<const Outgoing> batch) override {
    std::vector<Outgoing> sorted(batch.begin(), batch.end());
    for (Outgoing& message : sorted) {
      const std::map<std::string, std::string> by_name(message.headers.begin(), message.headers.end());
      message.headers.assign(by_name.begin(), by_name.end());
    }
    return session_->publish(sorted);
  }
};

struct DropsLargeBodies : PassingPublisher {
  using PassingPublisher::PassingPublisher;
  bool publish(std::span<const Outgoing> batch) override {
    std::vector<Outgoing> small(batch.begin(), batch.end());
    for (Outgoing& message : small) {
      if (message.body.size() > 500'000) message.body = Body();
    }
    return session_->publish(small);
  }
};

struct AcksAnEmptyBatch : PassingPublisher {
  using PassingPublisher::PassingPublisher;
  bool publish(std::span<const Outgoing> batch) override {
    if (!batch.empty()) return session_->publish(batch);
    const Outgoing nothing{0, {"", "a queue that is not there"}, {}, {}, {}, {}};
    return session_->publish({&nothing, 1});
  }
};

struct IsNeverReady : PassingPublisher {
  using PassingPublisher::PassingPublisher;
  void on_publish_ready() override {}
};

struct IsReadyTwice : PassingPublisher {
  using PassingPublisher::PassingPublisher;
  void on_publish_ready() override {
    listener_.on_publish_ready();
    listener_.on_publish_ready();
  }
};

// ---- blocking -----------------------------------------------------------------------------------------------------

struct ForgetsBlocked : PassingPublisher {
  using PassingPublisher::PassingPublisher;
  void on_blocked(std::string) override {}
};

struct IsReadyOnlyOnce : PassingPublisher {
  using PassingPublisher::PassingPublisher;
  void on_publish_ready() override {
    if (!std::exchange(told_, true)) listener_.on_publish_ready();
  }
  bool told_ = false;
};

struct TakesWhileBlocked : PassingPublisher {
  using PassingPublisher::PassingPublisher;
  bool publish(std::span<const Outgoing> batch) override {
    if (!session_->publish(batch)) kept_.insert(kept_.end(), batch.begin(), batch.end());
    return true;
  }
  void on_publish_ready() override {
    listener_.on_publish_ready();
    if (!kept_.empty()) (void)session_->publish(std::exchange(kept_, {}));  // wrong in this way too
  }
  std::vector<Outgoing> kept_;
};

struct RefusesButSends : PassingPublisher {
  using PassingPublisher::PassingPublisher;
  bool publish(std::span<const Outgoing> batch) override {
    if (session_->publish(batch)) return true;
    kept_.assign(batch.begin(), batch.end());
    return false;
  }
  void on_publish_ready() override {
    listener_.on_publish_ready();
    if (!kept_.empty()) (void)session_->publish(std::exchange(kept_, {}));  // wrong in this way too
  }
  std::vector<Outgoing> kept_;
};

// ---- broken sessions ----------------------------------------------------------------------------------------------

struct HidesThatItWentDown : PassingPublisher {
  using PassingPublisher::PassingPublisher;
  void on_publish_down(std::string) override {}
};

struct AnswersAfterDown : PassingPublisher {
  using PassingPublisher::PassingPublisher;
  bool publish(std::span<const Outgoing> batch) override {
    if (!batch.empty()) last_ = batch.back().tag;
    return session_->publish(batch);
  }
  void on_publish_ready() override {
    listener_.on_publish_ready();
    if (last_ != 0) listener_.on_confirmed({}, {std::exchange(last_, 0)});
  }
  PublishTag last_ = 0;
};

}  // namespace

std::vector<WrongBroker> brokers_that_publish_wrongly() {
  return {
      {"ForgetsReturns", "UnroutableIsReturnedBeforeItsAck", with<ForgetsReturns>},
      {"ReturnsAfterTheAck", "UnroutableIsReturnedBeforeItsAck", with<ReturnsAfterTheAck>},
      {"ReturnsEverythingAsUnroutable", "MissingExchangeIsReturnedBeforeItsAck", with<ReturnsEverythingAsUnroutable>},
      {"ReturnsTheFirstOfTheBatch", "BadRoutesDisturbNoNeighbour", with<ReturnsTheFirstOfTheBatch>},
      {"DropsTheBatchOfAMissingExchange", "BadRoutesDisturbNoNeighbour", with<DropsTheBatchOfAMissingExchange>},
      {"AcksWhatItDrops", "WhatIsAckedIsInItsQueue", with<AcksWhatItDrops>},
      {"ConfirmsTwice", "EveryPublishIsAckedExactlyOnce", with<ConfirmsTwice>},
      {"ConfirmsOnlyTheLastOfABatch", "EveryPublishIsAckedExactlyOnce", with<ConfirmsOnlyTheLastOfABatch>},
      {"NacksWhatItTook", "EveryPublishIsAckedExactlyOnce", with<NacksWhatItTook>},
      {"AnswersInsideTheCall", "EveryPublishIsAckedExactlyOnce", with<AnswersInsideTheCall>},
      {"ConfirmsToEverybody", "AnswersGoToTheSessionThatPublished", with<ConfirmsToEverybody>},
      {"SpeaksAfterItsEnd", "ClosedPublisherHearsNothing", with<SpeaksAfterItsEnd>},
      {"CutsTheBodyAtANul", "MessageArrivesAsItWasPublished", with<CutsTheBodyAtANul>},
      {"SortsTheHeaders", "MessageArrivesAsItWasPublished", with<SortsTheHeaders>},
      {"DropsLargeBodies", "BodiesOfAllSizesArrive", with<DropsLargeBodies>},
      {"AcksAnEmptyBatch", "EmptyBatchIsTakenWithoutAnAnswer", with<AcksAnEmptyBatch>},
      {"IsNeverReady", "ReadyIsTheFirstEventOfAPublisher", with<IsNeverReady>},
      {"IsReadyTwice", "ReadyIsTheFirstEventOfAPublisher", with<IsReadyTwice>},
      {"ForgetsBlocked", "FullQueueBlocksItsPublisher", with<ForgetsBlocked>},
      {"IsReadyOnlyOnce", "FullQueueIsReadyAgainOnceDrained", with<IsReadyOnlyOnce>},
      {"TakesWhileBlocked", "FullQueueBlocksItsPublisher", with<TakesWhileBlocked>},
      {"RefusesButSends", "WhatABlockedSessionRefusedDoesNotArrive", with<RefusesButSends>},
      {"HidesThatItWentDown", "PublisherThatBrokeIsReadyAgain", with<HidesThatItWentDown>},
      {"AnswersAfterDown", "NothingIsAnsweredAfterDown", with<AnswersAfterDown>},
      {"IgnoresTheBoundOfAQueue", "FullQueueBlocksItsPublisher",
       [](std::unique_ptr<Broker> right) {
         return with_topology(std::move(right), [](Topology& topology) {
           for (QueueDeclaration& queue : topology.queues) queue.max_messages *= 1'000;
         });
       }},
      {"BindsOnlyTheFirstQueue", "EveryBoundQueueGetsACopy",
       [](std::unique_ptr<Broker> right) {
         return with_topology(std::move(right), [](Topology& topology) {
           if (topology.bindings.size() > 1) topology.bindings.resize(1);
         });
       }},
      {"IgnoresTheCaseOfAKey", "KeysAreMatchedExactly",
       [](std::unique_ptr<Broker> right) {
         return with_topology(std::move(right), [](Topology& topology) {
           for (Binding& binding : topology.bindings) binding.route.routing_key[0] |= 0x20;
         });
       }},
      {"MakesWhatABindingLacks", "BindingToAMissingExchangeIsRefused",
       [](std::unique_ptr<Broker> right) {
         return with_topology(std::move(right), [](Topology& topology) {
           for (const Binding& binding : topology.bindings) topology.exchanges.push_back(binding.route.exchange);
         });
       }},
      {"MakesTheQueueABindingLacks", "BindingToAMissingQueueIsRefused",
       [](std::unique_ptr<Broker> right) {
         return with_topology(std::move(right), [](Topology& topology) {
           if (!topology.queues.empty()) return;
           for (const Binding& binding : topology.bindings) topology.queues.push_back({binding.queue, 100'000, {}});
         });
       }},
      {"ToleratesContradictions", "ContradictingDeclarationIsRefused",
       [](std::unique_ptr<Broker> right) {
         return with_topology(std::move(right), [](Topology& topology) {
           for (QueueDeclaration& queue : topology.queues) queue.max_messages = 100'000;
         });
       }},
  };
}

}  // namespace waybill::contract
