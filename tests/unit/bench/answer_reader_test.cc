#include "bench/answer_reader.h"

#include <gtest/gtest.h>

#include "bench/http_load.h"

namespace waybill::bench {
namespace {

constexpr std::string_view kAnswer =
    "HTTP/1.1 200 OK\r\nDate: x\r\nContent-Type: application/json\r\ncontent-length: 5\r\n\r\nhello";

TEST(AnswerReaderTest, ReadsAnAnswerWhereverItIsCut) {
  for (std::size_t cut = 0; cut < kAnswer.size(); ++cut) {
    AnswerReader reader;
    reader.append(kAnswer.substr(0, cut));
    ASSERT_FALSE(reader.read()) << "cut at " << cut;
    ASSERT_FALSE(reader.broken()) << "cut at " << cut;
    reader.append(kAnswer.substr(cut));
    const auto answer = reader.read();
    ASSERT_TRUE(answer) << "cut at " << cut;
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, "hello");
    EXPECT_FALSE(answer->close);
  }
}

TEST(AnswerReaderTest, OneAnswerFollowsAnother) {
  AnswerReader reader;
  reader.append(kAnswer);
  reader.append("HTTP/1.1 503 No\r\nRetry-After: 2\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(reader.read());
  reader.drop();
  const auto second = reader.read();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->status, 503);
  EXPECT_EQ(second->retry_after_s, 2);
  EXPECT_TRUE(second->close);
  EXPECT_TRUE(second->body.empty());
  reader.drop();
  EXPECT_FALSE(reader.read());
  EXPECT_FALSE(reader.broken());
}

TEST(AnswerReaderTest, WhatHasNoLengthIsBroken) {
  for (const auto* text : {"HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
                           "HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\n", "SMTP ready\r\n\r\n"}) {
    AnswerReader reader;
    reader.append(text);
    EXPECT_FALSE(reader.read()) << text;
    EXPECT_TRUE(reader.broken()) << text;
  }
}

TEST(AnswerReaderTest, AHeadWithoutAnEndIsBroken) {
  AnswerReader reader;
  reader.append(std::string(20'000, 'x'));
  EXPECT_FALSE(reader.read());
  EXPECT_TRUE(reader.broken());
}

TEST(HttpLoadTest, CountsWhatABulkAnswerAccepted) {
  EXPECT_EQ(accepted_in(R"({"messages":[{"id":"1","status":"sending","duplicate":false},{"error":{"code":"x"}},)"
                        R"({"id":"2","status":"sending","duplicate":true}]})"),
            2);
  EXPECT_EQ(accepted_in(""), 0);
}

}  // namespace
}  // namespace waybill::bench
