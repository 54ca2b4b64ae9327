#include "api/request_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace waybill::api {
namespace {

using Step = RequestReader::Step;

// Feeds as much as the reader takes, at most `piece` bytes at a time; the step it ends with.
Step feed(RequestReader& reader, std::string_view bytes, std::size_t piece) {
  while (true) {
    const Step step = reader.advance();
    if (step == Step::kHeader) continue;
    if (step != Step::kNeedMore || bytes.empty()) return step;
    const auto room = reader.prepare();
    EXPECT_FALSE(room.empty());
    const std::size_t count = std::min({room.size(), bytes.size(), piece});
    std::copy_n(bytes.begin(), count, room.begin());
    reader.commit(count);
    bytes.remove_prefix(count);
  }
}

constexpr std::string_view kPost =
    "POST /p/a%20b?x=1&y HTTP/1.1\r\nHost: h\r\nX-One:  1 \r\nContent-Length: 5\r\n\r\nhello";

TEST(RequestReader, ReadsARequestHoweverItIsCut) {
  for (std::size_t piece = 1; piece <= kPost.size(); ++piece) {
    RequestReader reader{ReaderLimits{}};
    ASSERT_EQ(feed(reader, kPost, piece), Step::kComplete) << piece;
    const HttpRequest& request = reader.request();
    EXPECT_EQ(request.method, HttpMethod::kPost);
    EXPECT_EQ(request.path, "/p/a%20b");
    EXPECT_EQ(request.query, "x=1&y");
    EXPECT_EQ(request.header("x-one"), "1");
    EXPECT_EQ(request.body, "hello");
    EXPECT_TRUE(reader.keep_alive());
  }
}

TEST(RequestReader, KeepsWhatFollowsForTheNextRequest) {
  RequestReader reader{ReaderLimits{}};
  ASSERT_EQ(feed(reader, std::string(kPost) + "GET /next HTTP/1.1\r\nHost: h\r\n\r\n", 4096), Step::kComplete);
  reader.next();
  EXPECT_TRUE(reader.started());
  ASSERT_EQ(feed(reader, "", 1), Step::kComplete);
  EXPECT_EQ(reader.request().path, "/next");
  EXPECT_EQ(reader.request().header("X-One"), std::nullopt);
  EXPECT_EQ(reader.request().body, "");
  reader.next();
  EXPECT_FALSE(reader.started());
}

TEST(RequestReader, KnowsThePathOfARequestItRefuses) {
  RequestReader reader{ReaderLimits{}};
  ASSERT_EQ(feed(reader, "POST /p?q HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n", 4096), Step::kRefused);
  EXPECT_EQ(reader.refusal().status, 400);
  EXPECT_EQ(reader.request().path, "/p");
  EXPECT_FALSE(reader.complete());
}

TEST(RequestReader, CountsHeadersWhateverThePieces) {
  const ReaderLimits limits{.header_bytes = 1'000, .body_bytes = 10};
  for (const std::size_t piece : {1U, 7U, 100U, 4096U}) {
    std::string head = "GET / HTTP/1.1\r\nHost: h\r\n";
    while (head.size() < 980) head += "A: b\r\n";
    RequestReader fits{limits};
    EXPECT_EQ(feed(fits, head + "\r\n", piece), Step::kComplete) << piece;
    for (int i = 0; i < 5; ++i) head += "A: b\r\n";
    RequestReader over{limits};
    ASSERT_EQ(feed(over, head + "\r\n", piece), Step::kRefused) << piece;
    EXPECT_EQ(over.refusal().status, 431);
  }
}

TEST(RequestReader, BoundsABodyWhoseLengthIsNotAnnounced) {
  const ReaderLimits limits{.header_bytes = 1'000, .body_bytes = 10};
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  RequestReader fits{limits};
  EXPECT_EQ(feed(fits, head + "5\r\nhello\r\n5\r\nhello\r\n0\r\n\r\n", 3), Step::kComplete);
  EXPECT_EQ(fits.request().body, "hellohello");
  RequestReader over{limits};
  ASSERT_EQ(feed(over, head + "5\r\nhello\r\n6\r\nhello!\r\n0\r\n\r\n", 3), Step::kRefused);
  EXPECT_EQ(over.refusal().status, 413);
  EXPECT_LE(over.body_bytes(), 10U);
}

TEST(RequestReader, TrailersAreNotHeaders) {
  RequestReader reader{ReaderLimits{}};
  ASSERT_EQ(feed(reader,
                 "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n"
                 "Authorization: Bearer t\r\n\r\n",
                 4096),
            Step::kComplete);
  EXPECT_EQ(reader.request().header("Authorization"), std::nullopt);
}

}  // namespace
}  // namespace waybill::api
