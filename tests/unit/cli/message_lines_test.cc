#include "cli/message_lines.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace waybill::cli {
namespace {

class MessageLinesTest : public ::testing::Test {
 protected:
  MessageLinesTest() : path_(testing::TempDir() + "message_lines_test.ndjson") {}
  ~MessageLinesTest() override { std::filesystem::remove(path_); }

  std::vector<LineChunk> read(const std::string& text) {
    std::ofstream(path_, std::ios::binary) << text;
    auto lines = MessageLines::open(path_);
    EXPECT_TRUE(lines.ok());
    EXPECT_EQ(lines->size(), static_cast<std::int64_t>(text.size()));
    std::vector<LineChunk> chunks;
    while (true) {
      auto chunk = lines->next();
      EXPECT_TRUE(chunk.ok());
      if (chunk->empty()) break;
      chunks.push_back(std::move(*chunk));
    }
    if (!chunks.empty()) {
      EXPECT_EQ(chunks.back().bytes_read, static_cast<std::int64_t>(text.size()));
    }
    return chunks;
  }

  const std::string path_;
};

TEST_F(MessageLinesTest, LinesAreCountedAndBlankOnesLeftOut) {
  const auto chunks = read("{\"a\":1}\n\n \t\r\n{\"b\":2}\r\n{\"c\":3}");
  ASSERT_EQ(chunks.size(), 1U);
  ASSERT_EQ(chunks[0].lines.size(), 3U);
  EXPECT_EQ(chunks[0].lines[0].number, 1);
  EXPECT_EQ(chunks[0].lines[1].number, 4);
  EXPECT_EQ(chunks[0].lines[1].text, "{\"b\":2}\r");
  EXPECT_EQ(chunks[0].lines[2].number, 5);
  EXPECT_EQ(chunks[0].lines[2].text, "{\"c\":3}");
}

TEST_F(MessageLinesTest, AnEmptyFileHasNone) {
  EXPECT_TRUE(read("").empty());
  EXPECT_TRUE(read("\n\n").empty());
}

TEST_F(MessageLinesTest, AChunkHasAThousandLinesAtTheMost) {
  std::string text;
  for (int i = 0; i < 2'500; ++i) text += "{}\n";
  const auto chunks = read(text);
  ASSERT_EQ(chunks.size(), 3U);
  EXPECT_EQ(chunks[0].lines.size(), 1'000U);
  EXPECT_EQ(chunks[1].lines.front().number, 1'001);
  EXPECT_EQ(chunks[2].lines.size(), 500U);
}

TEST_F(MessageLinesTest, AChunkIsBoundedInBytesButAlwaysHasALine) {
  const std::string half(LineChunk::kBytesMax / 2, 'x');
  const std::string over(LineChunk::kBytesMax + 1, 'y');
  const auto chunks = read(half + "\n" + half + "\n" + over + "\n" + "z\n");
  ASSERT_EQ(chunks.size(), 4U) << "the newline makes the second half too much";
  EXPECT_EQ(chunks[2].lines.at(0).text, over);
  EXPECT_EQ(chunks[3].lines.at(0).number, 4);
}

TEST_F(MessageLinesTest, ALineThatIsFarTooLongIsOnlyNamed) {
  const std::string huge(MessageLines::kLineBytesMax * 2 + 5, 'x');
  const auto chunks = read("a\n" + huge + "\nb\n" + huge);
  ASSERT_EQ(chunks.size(), 1U);
  EXPECT_EQ(chunks[0].lines.size(), 2U);
  EXPECT_EQ(chunks[0].lines[1].number, 3);
  EXPECT_EQ(chunks[0].too_long, (std::vector<std::int64_t>{2, 4}));
}

TEST_F(MessageLinesTest, AFileThatIsNotThereIsNamed) {
  const auto lines = MessageLines::open("/nowhere/x.ndjson");
  ASSERT_FALSE(lines.ok());
  EXPECT_NE(lines.error().message.find("/nowhere/x.ndjson"), std::string::npos);
  auto folder = MessageLines::open(testing::TempDir());
  EXPECT_FALSE(folder.ok() && folder->next().ok());
}

}  // namespace
}  // namespace waybill::cli
