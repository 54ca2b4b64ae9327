// What the publisher records of confirms, and what it tells of a broker that blocks.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "engine/publisher.h"
#include "tests/unit/engine/service_fixture.h"

namespace waybill {
namespace {

class PublisherTest : public ServiceTest {
 protected:
  PublisherTest() {
    publisher_.start(broker_);
    ready();
  }
  void ready() {
    broker_.publish_events->on_publish_ready();
    pass(Duration{0});
  }
  /// Publishes a row, which the broker confirms at once.
  void confirm(const std::string& id) {
    Message message;
    message.id.value = id;
    message.route = kRoute;
    publisher_.publish_fresh(PublishRow{message, Digest{}, 1, wall_ms(0), 0, world_.now()});
    pass(Duration{0});
    ASSERT_FALSE(broker_.published.empty());
    broker_.publish_events->on_confirmed({broker_.published.back().tag}, {});
    pass(Duration{0});
  }
  template <class Work>
  static std::string told(Work work) {
    ::testing::internal::CaptureStderr();
    work();
    return ::testing::internal::GetCapturedStderr();
  }

  Publisher publisher_{loop_, lane_, health_, options_, metrics_, [] {}};
};

TEST_F(PublisherTest, AConfirmIsRecordedAfterItsHold) {
  confirm("m");
  EXPECT_EQ(lane_.count<MarkSent>(), 0U);
  pass(options_.publisher.mark_hold);
  EXPECT_EQ(lane_.count<MarkSent>(), 1U);
}

TEST_F(PublisherTest, AConfirmWhoseOutcomeIsRecordedFirstIsNotRecorded) {
  confirm("m");
  EXPECT_TRUE(publisher_.waiting_marks().withdraw(MessageId{"m"}, 1));
  pass(Duration{1'000});
  EXPECT_EQ(lane_.count<MarkSent>(), 0U);
}

TEST_F(PublisherTest, StopRecordsTheConfirmsThatWait) {
  confirm("m");
  publisher_.stop();
  EXPECT_EQ(lane_.count<MarkSent>(), 1U);
}

TEST_F(PublisherTest, ABrokerThatBlocksForAMomentIsNotNews) {
  const std::string text = told([&] {
    for (int i = 0; i < 10; ++i) {
      broker_.publish_events->on_blocked("queue 'q' is full");
      pass(Duration{400});
      ready();
      pass(Duration{400});
    }
  });
  EXPECT_EQ(text, "");
}

TEST_F(PublisherTest, ABrokerThatStaysBlockedIsToldOnceAndSoIsItsEnd) {
  const std::string text = told([&] {
    broker_.publish_events->on_blocked("memory alarm");
    pass(Duration{10'000});
    ready();
    pass(Duration{10'000});
  });
  EXPECT_NE(text.find("the broker takes no more for now reason=\"memory alarm\""), std::string::npos) << text;
  EXPECT_NE(text.find("the broker is ready"), std::string::npos) << text;
  EXPECT_EQ(std::ranges::count(text, '\n'), 2) << text;
}

}  // namespace
}  // namespace waybill
