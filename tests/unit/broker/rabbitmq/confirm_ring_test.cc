#include "broker/rabbitmq/protocol/confirm_ring.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "core/headers.h"

namespace waybill::rabbitmq {
namespace {

using Tags = std::vector<PublishTag>;

Outgoing message(PublishTag tag, const std::string& id, std::int64_t publish_number = 1) {
  return {tag,
          {"exchange", "key"},
          {id},
          "",
          {{std::string(kHeaderMark), "publish=" + std::to_string(publish_number)}},
          Body("body")};
}

/// Tags 101 … 100+count, ids m1 … , which the broker counts from 1.
ConfirmRing published(int count) {
  ConfirmRing ring;
  for (int i = 1; i <= count; ++i) {
    ring.add(message(static_cast<PublishTag>(100 + i), "m" + std::to_string(i)));
  }
  return ring;
}

Tags settled(ConfirmRing& ring, std::uint64_t number, bool multiple = false) {
  auto tags = ring.settle(number, multiple);
  EXPECT_TRUE(tags.ok());
  return tags.ok() ? *tags : Tags{};
}

TEST(ConfirmRing, SettlesOneByOneInAnyOrder) {
  auto ring = published(3);
  EXPECT_EQ(settled(ring, 2), Tags{102});
  EXPECT_EQ(settled(ring, 3), Tags{103});
  EXPECT_EQ(settled(ring, 1), Tags{101});
  EXPECT_EQ(ring.size(), 0U);
}

TEST(ConfirmRing, MultipleSettlesAllUpToItThatAreOpen) {
  auto ring = published(5);
  EXPECT_EQ(settled(ring, 2), Tags{102});
  EXPECT_EQ(settled(ring, 4, true), (Tags{101, 103, 104}));
  EXPECT_EQ(ring.size(), 1U);
  EXPECT_EQ(settled(ring, 5, true), Tags{105});
}

TEST(ConfirmRing, MultipleZeroSettlesEverything) {
  auto ring = published(3);
  EXPECT_EQ(settled(ring, 0, true), (Tags{101, 102, 103}));
  EXPECT_EQ(settled(ring, 0, true), Tags{});
}

TEST(ConfirmRing, MultipleMayCoverNothingNew) {
  auto ring = published(3);
  EXPECT_EQ(settled(ring, 2, true), (Tags{101, 102}));
  EXPECT_EQ(settled(ring, 1, true), Tags{});
}

TEST(ConfirmRing, RefusesAnAnswerToWhatWasNeverPublishedOrIsAnswered) {
  auto ring = published(2);
  EXPECT_FALSE(ring.settle(3, false).ok());
  EXPECT_FALSE(ring.settle(3, true).ok());
  EXPECT_FALSE(ring.settle(0, false).ok());
  EXPECT_EQ(settled(ring, 1), Tags{101});
  EXPECT_FALSE(ring.settle(1, false).ok());
  EXPECT_EQ(settled(ring, 2), Tags{102});
  EXPECT_FALSE(ring.settle(2, false).ok());
}

TEST(ConfirmRing, ANewLifeCountsFromOneAgain) {
  auto ring = published(3);
  ring.clear();
  ring.add(message(201, "n1"));
  EXPECT_EQ(settled(ring, 1), Tags{201});
}

TEST(ConfirmRing, MatchesAReturnByIdAndPublishNumber) {
  ConfirmRing ring;
  ring.add(message(1, "a", 1));
  ring.add(message(2, "b", 1));
  ring.add(message(3, "a", 2));
  EXPECT_EQ(ring.match_return("a", 2), std::optional<PublishTag>(3));
  EXPECT_EQ(ring.match_return("a", 1), std::optional<PublishTag>(1));
  EXPECT_EQ(ring.match_return("b", 2), std::nullopt);
  EXPECT_EQ(ring.match_return("c", 1), std::nullopt);
}

TEST(ConfirmRing, EqualOnesAreReturnedInTheirOrder) {
  ConfirmRing ring;
  for (PublishTag tag = 1; tag <= 3; ++tag) ring.add(message(tag, "a"));
  EXPECT_EQ(settled(ring, 1), Tags{1});
  EXPECT_EQ(ring.match_return("a", 1), std::optional<PublishTag>(2));
  EXPECT_EQ(ring.match_return("a", 1), std::optional<PublishTag>(3));
  EXPECT_EQ(ring.match_return("a", 1), std::nullopt);
}

TEST(ConfirmRing, TellsTheIdsThatAreOpen) {
  auto ring = published(3);
  EXPECT_EQ(settled(ring, 2), Tags{102});
  EXPECT_EQ(ring.open_ids(), (std::vector<std::string>{"m1", "m3"}));
}

TEST(ConfirmRing, EveryPublishIsSettledOnceWhateverTheOrder) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    std::mt19937 random(seed);
    auto ring = published(100);
    std::set<std::uint64_t> open;
    for (std::uint64_t i = 1; i <= 100; ++i) open.insert(i);
    std::multiset<PublishTag> told;
    while (!open.empty()) {
      const auto pick = std::next(open.begin(), static_cast<long>(random() % open.size()));
      const auto number = *pick;
      const bool multiple = random() % 4 == 0;
      for (const auto tag : settled(ring, number, multiple)) told.insert(tag);
      open.erase(multiple ? open.begin() : pick, std::next(pick));
    }
    EXPECT_EQ(told.size(), 100U) << "seed " << seed;
    EXPECT_EQ(std::set(told.begin(), told.end()).size(), 100U) << "seed " << seed;
    EXPECT_EQ(ring.size(), 0U);
  }
}

}  // namespace
}  // namespace waybill::rabbitmq
