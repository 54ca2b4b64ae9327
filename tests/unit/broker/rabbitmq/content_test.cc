#include "broker/rabbitmq/protocol/content.h"

#include <gtest/gtest.h>

#include "broker/rabbitmq/protocol/encoder.h"
#include "core/headers.h"
#include "testing/amqp_frames.h"

namespace waybill::rabbitmq {
namespace {

constexpr std::size_t kMarkedMax = 30'000;

/// Reads what the encoder wrote: the frames behind the method.
Result<std::optional<Content>> read(std::string_view bytes, std::size_t frame_max, std::size_t body_max) {
  FrameReader reader;
  reader.limit(frame_max);
  reader.feed(bytes);
  ContentAssembler assembler(body_max, kMarkedMax);
  std::optional<Content> content;
  while (true) {
    const auto frame = reader.next();
    if (!frame.ok()) return frame.error();
    if (!*frame) return content;
    if ((*frame)->kind == FrameKind::kMethod) {
      if (auto expected = assembler.expect(); !expected.ok()) return expected.error();
      continue;
    }
    auto taken = assembler.take(**frame);
    if (!taken.ok()) return taken.error();
    if (*taken) content = std::move(**taken);
  }
}

std::string field(std::string_view name, char kind, std::string_view value) {
  return peer::short_text(name) + kind + std::string(value);
}

/// A header frame's payload with these headers and no body.
std::string header(const std::string& table) {
  return peer::number(60, 2) + peer::number(0, 2) + peer::number(0, 8) + peer::number(0x2000, 2) +
         peer::number(table.size(), 4) + table;
}

TEST(Content, WhatIsPublishedIsReadBack) {
  for (const std::size_t frame_max : {kFrameMin, kFrameMax}) {
    for (const std::size_t size : {0UL, 1UL, frame_max - 9, frame_max - 8, frame_max - 7, 3 * (frame_max - 8)}) {
      Outgoing message{1, {"exchange", "key"}, {"an id with ünïcödé"}, "text/plain", {}, Body(std::string(size, 'x'))};
      message.headers = {{"x-zebra", "first"}, {"x-ape", ""}, {"x-long", std::string(1'000, 'l')}};
      std::string bytes;
      ASSERT_TRUE(encode_publish(bytes, 1, message, frame_max));
      const auto content = read(bytes, frame_max, 1U << 20U);
      ASSERT_TRUE(content.ok()) << content.error().message;
      ASSERT_TRUE(*content) << size;
      EXPECT_EQ((*content)->body, message.body.bytes());
      EXPECT_EQ((*content)->properties.id, message.id.value);
      EXPECT_EQ((*content)->properties.content_type, "text/plain");
      EXPECT_EQ((*content)->properties.headers, message.headers);
    }
  }
}

TEST(Content, IsPersistent) {
  std::string bytes;
  ASSERT_TRUE(encode_publish(bytes, 1, {1, {"e", "k"}, {"id"}, "", {}, Body("b")}, kFrameMax));
  // Property flags: delivery mode and message id; then 2.
  EXPECT_NE(bytes.find(peer::number(0x1080, 2) + "\x02" + peer::short_text("id")), std::string::npos);
}

TEST(Content, HeadersThatAreNoTextBecomeText) {
  const auto decoded = decode_content_header(
      header(field("bool", 't', "\x01") + field("byte", 'b', "\xff") + field("int", 'I', peer::number(0xffffffff, 4)) +
             field("long", 'l', peer::number(42, 8)) + field("time", 'T', peer::number(1'700'000'000, 8)) +
             field("bytes", 'x', peer::number(2, 4) + "ab") + field("none", 'V', "") +
             field("table", 'F', peer::number(0, 4)) + field("list", 'A', peer::number(0, 4))));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(
      decoded->properties.headers,
      (Headers{
          {"bool", "true"}, {"byte", "-1"}, {"int", "-1"}, {"long", "42"}, {"time", "1700000000"}, {"bytes", "ab"}}));
}

TEST(Content, TheBrokersOwnMarksAreLeftOut) {
  const auto decoded = decode_content_header(header(
      field("x-delivery-count", 'l', peer::number(3, 8)) + field("x-death", 'A', peer::number(0, 4)) +
      field("x-first-death-queue", 'S', peer::number(1, 4) + "q") + field("x-mine", 'S', peer::number(1, 4) + "v")));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->properties.headers, (Headers{{"x-mine", "v"}}));
}

TEST(Content, DamagedHeadersAreRefused) {
  const std::string good = header(field("x-mine", 'S', peer::number(1, 4) + "v"));
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(decode_content_header(good.substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(decode_content_header(header(field("x", 'S', peer::number(0xffffffff, 4)))).ok());
  EXPECT_FALSE(decode_content_header(header(field("x", '?', ""))).ok());
}

TEST(Content, TablesNestedWithoutEndAreSkipped) {
  std::string table;
  for (int depth = 0; depth < 15'000; ++depth) table = field("t", 'F', peer::number(table.size(), 4) + table);
  const auto decoded = decode_content_header(header(table + field("x-mine", 'S', peer::number(1, 4) + "v")));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->properties.headers, (Headers{{"x-mine", "v"}}));
}

TEST(Content, TooLargeABodyIsNotKept) {
  const std::string bytes = peer::delivery(1, "c", 1, {"id", {}, std::string(20'000, 'x')}, kFrameMin);
  const auto content = read(bytes, kFrameMin, 19'999);
  ASSERT_TRUE(content.ok() && *content);
  EXPECT_TRUE((*content)->too_large);
  EXPECT_EQ((*content)->body.capacity(), std::string().capacity());
  EXPECT_EQ((*content)->body_size, 20'000U);
}

TEST(Content, ALogsOwnMayBeLarger) {
  const Headers mark{{std::string(kHeaderMark), "of some log"}};
  for (const auto& [size, too_large] : {std::pair(20'000, false), {30'000, false}, {30'001, true}}) {
    const std::string body(static_cast<std::size_t>(size), 'x');
    const auto content = read(peer::delivery(1, "c", 1, {"id", mark, body}, kFrameMin), kFrameMin, 19'999);
    ASSERT_TRUE(content.ok() && *content);
    EXPECT_EQ((*content)->too_large, too_large) << size;
  }
}

}  // namespace
}  // namespace waybill::rabbitmq
