#include "broker/rabbitmq/protocol/frame_reader.h"

#include <gtest/gtest.h>

#include <random>

#include "testing/amqp_frames.h"

namespace waybill::rabbitmq {
namespace {

struct Read {
  FrameKind kind;
  std::uint16_t channel;
  std::string payload;
  bool operator==(const Read&) const = default;
};

/// Feeds pieces and reads all frames; a refusal ends it.
class Reading {
 public:
  explicit Reading(std::size_t frame_max = kFrameMax) { reader_.limit(frame_max); }

  void feed(std::string_view bytes) {
    // A copy that is gone afterwards: the reader must not look at it again.
    const std::string piece(bytes);
    reader_.feed(piece);
    while (refusal.empty()) {
      auto next = reader_.next();
      if (!next.ok()) refusal = next.error().message;
      if (!next.ok() || !*next) return;
      read.push_back({(*next)->kind, (*next)->channel, std::string((*next)->payload)});
    }
  }

  std::vector<Read> read;
  std::string refusal;
  FrameReader reader_;
};

TEST(FrameReader, SplitsWhatComesTogether) {
  Reading reading;
  reading.feed(peer::heartbeat() + peer::frame(FrameKind::kMethod, 7, "method") + peer::frame(FrameKind::kBody, 7, ""));
  EXPECT_EQ(reading.read,
            (std::vector<Read>{
                {FrameKind::kHeartbeat, 0, ""}, {FrameKind::kMethod, 7, "method"}, {FrameKind::kBody, 7, ""}}));
  EXPECT_FALSE(reading.reader_.inside_frame());
}

TEST(FrameReader, JoinsWhatComesByteByByte) {
  Reading reading;
  const std::string bytes = peer::frame(FrameKind::kMethod, 1, "one") + peer::frame(FrameKind::kBody, 2, "two");
  for (const char byte : bytes) reading.feed({&byte, 1});
  EXPECT_EQ(reading.read, (std::vector<Read>{{FrameKind::kMethod, 1, "one"}, {FrameKind::kBody, 2, "two"}}));
  EXPECT_FALSE(reading.reader_.inside_frame());
}

TEST(FrameReader, ReadsTheSameHoweverItIsCut) {
  std::string bytes;
  std::vector<Read> expected;
  for (std::uint16_t i = 0; i < 50; ++i) {
    const std::string payload(i * 97U % 1'000U, static_cast<char>(i));
    bytes += peer::frame(FrameKind::kBody, i, payload);
    expected.push_back({FrameKind::kBody, i, payload});
  }
  for (unsigned seed = 1; seed <= 50; ++seed) {
    std::mt19937 random(seed);
    Reading reading;
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t size = std::min<std::size_t>(1 + random() % 3'000, bytes.size() - at);
      reading.feed(std::string_view(bytes).substr(at, size));
      at += size;
    }
    EXPECT_EQ(reading.read, expected) << "seed " << seed;
  }
}

TEST(FrameReader, KnowsThatItIsInsideAFrame) {
  Reading reading;
  const std::string bytes = peer::frame(FrameKind::kBody, 1, "body");
  reading.feed(std::string_view(bytes).substr(0, 3));
  EXPECT_TRUE(reading.reader_.inside_frame());
  reading.feed(std::string_view(bytes).substr(3));
  EXPECT_FALSE(reading.reader_.inside_frame());
}

TEST(FrameReader, TakesAFrameOfExactlyTheLargestSize) {
  Reading reading(kFrameMin);
  reading.feed(peer::frame(FrameKind::kBody, 1, std::string(kFrameMin - kFrameOverhead, 'x')));
  EXPECT_EQ(reading.read.size(), 1U);
  EXPECT_EQ(reading.refusal, "");
}

TEST(FrameReader, RefusesALargerOneByItsHead) {
  Reading reading(kFrameMin);
  const std::string bytes = peer::frame(FrameKind::kBody, 1, std::string(kFrameMin - kFrameOverhead + 1, 'x'));
  reading.feed(std::string_view(bytes).substr(0, kFrameHead));
  EXPECT_EQ(reading.refusal, "the peer sent a frame of 4097 bytes where 4096 are allowed");
}

TEST(FrameReader, RefusesTheLargestNumber) {
  Reading reading;
  reading.feed(std::string("\x01\x00\x00\xff\xff\xff\xff", 7));
  EXPECT_NE(reading.refusal, "");
}

TEST(FrameReader, RefusesAFrameWithoutItsEnd) {
  Reading reading;
  std::string bytes = peer::frame(FrameKind::kBody, 1, "body");
  bytes.back() = 'x';
  reading.feed(bytes);
  EXPECT_EQ(reading.refusal, "a frame of the peer's does not end where it says");
}

TEST(FrameReader, SaysWhoAnswersInstead) {
  Reading http;
  http.feed("HTTP/1.1 400 Bad Request\r\n");
  EXPECT_EQ(http.refusal, "what the peer sent is not AMQP");
  Reading other;
  other.feed(std::string("AMQP\x00\x01\x00\x00", 8));
  EXPECT_EQ(other.refusal, "the peer does not speak AMQP 0-9-1");
  Reading tls;
  tls.feed(std::string("\x15\x03\x01\x00\x02\x02\x46", 7));
  EXPECT_EQ(tls.refusal, "the peer speaks TLS: write amqps:// or name its plain port");
}

}  // namespace
}  // namespace waybill::rabbitmq
