#include "base/log.h"

#include <gtest/gtest.h>

namespace waybill {
namespace {

constexpr WallTime kNow = from_millis(1'769'846'400'125);

std::string text_line(std::string_view message, std::initializer_list<LogField> fields) {
  return format_log_line(LogFormat::kText, kNow, LogLevel::kInfo, "engine", message, fields);
}
std::string json_line(std::string_view message, std::initializer_list<LogField> fields) {
  return format_log_line(LogFormat::kJson, kNow, LogLevel::kWarning, "engine", message, fields);
}

TEST(LogTest, ATextLineHasTimeLevelComponentMessageAndFields) {
  EXPECT_EQ(text_line("mail sent", {{"msg_id", "42"}, {"attempt", 2}, {"last", true}, {"wait_ms", Duration(8'000)}}),
            "2026-01-31T08:00:00.125Z info engine: mail sent msg_id=42 attempt=2 last=true wait_ms=8000");
}

TEST(LogTest, AJsonLineIsOneObject) {
  EXPECT_EQ(json_line("mail sent", {{"msg_id", "42"}, {"attempt", 2}, {"last", false}}),
            R"({"time":"2026-01-31T08:00:00.125Z","level":"warning","component":"engine","message":"mail sent",)"
            R"("msg_id":"42","attempt":2,"last":false})");
}

TEST(LogTest, ValuesThatCouldBeMistakenAreQuoted) {
  EXPECT_EQ(
      text_line("x", {{"a", "b c"}, {"d", ""}, {"e", "f=g"}, {"h", "say \"hi\""}, {"i", "back\\slash"}}),
      "2026-01-31T08:00:00.125Z info engine: x a=\"b c\" d=\"\" e=\"f=g\" h=\"say \\\"hi\\\"\" i=\"back\\\\slash\"");
}

TEST(LogTest, NoValueStartsANewLineOrReachesTheTerminal) {
  const std::string evil =
      std::string("a\r\n2026 error forged\x1b[31m\x07\x7f") + '\0' + "\xc2\x9b" + "\xe2\x80\xa8" + "\xe2\x80\xae";
  for (const auto& line : {text_line(evil, {{"v", evil}}), json_line(evil, {{"v", evil}})}) {
    for (const char c : line) EXPECT_TRUE(c >= 0x20 && c < 0x7f) << static_cast<int>(c);
    EXPECT_NE(line.find("a\\u000d\\n2026 error forged\\u001b[31m\\u0007\\u007f\\u0000\\u009b\\u2028\\u202e"),
              std::string::npos)
        << line;
  }
}

TEST(LogTest, GoodUtf8StaysAndBrokenUtf8IsShown) {
  EXPECT_NE(text_line("x", {{"v", "grüße 成功 😀"}}).find("v=\"grüße 成功 😀\""), std::string::npos);
  // Overlong, surrogate, beyond Unicode, cut off, lone continuation.
  for (const char* broken : {"\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe4\xb8", "\x80"}) {
    const auto text = text_line("x", {{"v", broken}});
    const auto json = json_line("x", {{"v", broken}});
    EXPECT_NE(text.find("\\x"), std::string::npos);
    EXPECT_NE(json.find("\\ufffd"), std::string::npos);
    for (const char c : text + json) EXPECT_TRUE(c >= 0x20 && c < 0x7f);
  }
}

TEST(LogTest, LevelsAndFormatsAreReadByName) {
  EXPECT_EQ(parse_log_level("warning"), LogLevel::kWarning);
  EXPECT_EQ(parse_log_level("WARNING"), std::nullopt);
  EXPECT_EQ(parse_log_format("json"), LogFormat::kJson);
  EXPECT_EQ(parse_log_format(""), std::nullopt);
}

TEST(LogTest, OneLineAnEventFromItsLevelUp) {
  configure_log({LogLevel::kWarning, LogFormat::kText});
  EXPECT_FALSE(log_enabled(LogLevel::kInfo));
  ::testing::internal::CaptureStderr();
  log_event(LogLevel::kInfo, "engine", "not this one");
  log_event(LogLevel::kError, "engine", "{} braces are no format", {{"msg_id", "7"}});
  const auto written = ::testing::internal::GetCapturedStderr();
  configure_log({});
  EXPECT_EQ(written.substr(written.find(' ')), " error engine: {} braces are no format msg_id=7\n");
}

}  // namespace
}  // namespace waybill
