#include "mail/journal.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <regex>
#include <set>
#include <sstream>
#include <thread>

#include "tests/unit/mail/failing_calls.h"
#include "tests/unit/mail/mail_fixtures.h"

namespace waybill {
namespace {

using Call = FailingCalls::Call;

class JournalTest : public testing::Test {
 protected:
  std::unique_ptr<JournalTransport> open(const std::string& path) {
    auto inner = std::make_unique<RecordingTransport>();
    inner_ = inner.get();
    auto opened = JournalTransport::open(path, std::move(inner), clock_);
    if (!opened) throw std::runtime_error(opened.error().message);
    return std::move(*opened);
  }
  HandlerOutcome deliver(JournalTransport& journal, const std::string& id) {
    return journal.deliver({{id}, {"waybill@localhost", {"a@x"}}, "bytes"}, gate_);
  }

  ScratchDirectory scratch_;
  const std::string path_ = scratch_ / "records/journal";
  FixedClock clock_;
  TestGate gate_;
  RecordingTransport* inner_ = nullptr;  // owned by the journal
};

TEST_F(JournalTest, WritesOneLineForEachDelivery) {
  {
    const auto journal = open(path_);
    EXPECT_TRUE(std::holds_alternative<Done>(deliver(*journal, "42")));
    inner_->answer = Done{"/mail/new/a b"};
    EXPECT_TRUE(std::holds_alternative<Done>(deliver(*journal, "a \"b\"\n邮件")));
  }
  const auto reopened = open(path_);
  EXPECT_TRUE(std::holds_alternative<Done>(deliver(*reopened, "43")));
  EXPECT_EQ(read_file(path_),
            "2026-01-01T00:00:00.125Z \"42\" \"somewhere\"\n"
            "2026-01-01T00:00:00.125Z \"a \\\"b\\\"\\n邮件\" \"/mail/new/a b\"\n"
            "2026-01-01T00:00:00.125Z \"43\" \"somewhere\"\n");
}

TEST_F(JournalTest, RecordsNothingThatWasNotDelivered) {
  const auto journal = open(path_);
  for (const HandlerOutcome& answer :
       {HandlerOutcome{Retry{"later", {}}}, HandlerOutcome{Fail{"never"}}, HandlerOutcome{Unknown{"perhaps"}}}) {
    inner_->answer = answer;
    EXPECT_EQ(deliver(*journal, "42").index(), answer.index());
  }
  gate_.answer = false;
  EXPECT_TRUE(std::holds_alternative<Retry>(deliver(*journal, "42")));
  EXPECT_EQ(read_file(path_), "");
}

TEST_F(JournalTest, TheLineIsWrittenAfterTheEffectBegan) {
  const auto journal = open(path_);
  gate_.on_begin = [this] { EXPECT_EQ(read_file(path_), ""); };
  EXPECT_TRUE(std::holds_alternative<Done>(deliver(*journal, "42")));
  EXPECT_NE(read_file(path_), "");
}

TEST_F(JournalTest, ADeliveryThatCannotBeRecordedIsUnknown) {
  const auto journal = open(path_);
  for (const auto& [call, error_number] : {std::pair{Call::kWrite, ENOSPC}, {Call::kSync, EIO}}) {
    const FailingCalls failing(call, error_number);
    const auto outcome = deliver(*journal, "42");
    ASSERT_TRUE(std::holds_alternative<Unknown>(outcome));
    EXPECT_NE(std::get<Unknown>(outcome).detail.find("delivered (somewhere) but not recorded"), std::string::npos);
  }
  EXPECT_EQ(inner_->mails.size(), 2U);
}

TEST_F(JournalTest, ATornLineDoesNotSpoilTheNext) {
  {
    const auto journal = open(path_);
    {
      const ShortWrites few(10);
      EXPECT_TRUE(std::holds_alternative<Unknown>(deliver(*journal, "42")));
    }
    EXPECT_TRUE(std::holds_alternative<Done>(deliver(*journal, "43")));
    const ShortWrites few(20);
    EXPECT_TRUE(std::holds_alternative<Unknown>(deliver(*journal, "44")));
  }
  const auto reopened = open(path_);
  EXPECT_TRUE(std::holds_alternative<Done>(deliver(*reopened, "45")));
  EXPECT_EQ(read_file(path_),
            "2026-01-01\n2026-01-01T00:00:00.125Z \"43\" \"somewhere\"\n"
            "2026-01-01T00:00:00.\n2026-01-01T00:00:00.125Z \"45\" \"somewhere\"\n");
}

// RecordingTransport is for one thread.
class AcceptingTransport final : public MailTransport {
 public:
  [[nodiscard]] HandlerOutcome deliver(const MailToDeliver& mail, EffectGate&) override {
    return Done{"took " + mail.bytes};
  }
};

TEST_F(JournalTest, LinesOfManyThreadsStayWhole) {
  constexpr int kThreads = 4;
  constexpr int kMails = 50;
  auto opened = JournalTransport::open(path_, std::make_unique<AcceptingTransport>(), clock_);
  ASSERT_TRUE(opened);
  std::vector<std::thread> threads;
  for (int n = 0; n < kThreads; ++n) {
    threads.emplace_back([&journal = **opened, n] {
      TestGate gate;
      for (int i = 0; i < kMails; ++i) {
        const auto id = std::to_string(n) + "-" + std::to_string(i);
        EXPECT_TRUE(std::holds_alternative<Done>(journal.deliver({{id}, {}, std::string(200, 'x')}, gate)));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<std::string> ids;
  std::istringstream lines(read_file(path_));
  const std::regex whole("2026-01-01T00:00:00.125Z \"([0-9-]+)\" \"took x{200}\"");
  for (std::string line; std::getline(lines, line);) {
    std::smatch parts;
    ASSERT_TRUE(std::regex_match(line, parts, whole)) << line;
    EXPECT_TRUE(ids.insert(parts[1]).second) << line;
  }
  EXPECT_EQ(ids.size(), static_cast<std::size_t>(kThreads * kMails));
}

TEST_F(JournalTest, SaysWhyItCannotBeOpened) {
  std::filesystem::create_directory(scratch_ / "directory");
  const auto refused = JournalTransport::open(scratch_ / "directory", std::make_unique<AcceptingTransport>(), clock_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "EISDIR");
  EXPECT_FALSE(JournalTransport::open("", std::make_unique<AcceptingTransport>(), clock_));
}

}  // namespace
}  // namespace waybill
