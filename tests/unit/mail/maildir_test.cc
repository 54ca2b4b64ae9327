#include "mail/maildir.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "base/fault_point.h"
#include "tests/unit/mail/failing_calls.h"
#include "tests/unit/mail/mail_fixtures.h"

namespace waybill {
namespace {

using Call = FailingCalls::Call;

MailToDeliver mail(const std::string& id, const std::string& bytes = "Subject: s\r\n\r\nc\r\n") {
  return {{id}, {"waybill@localhost", {"a@x"}}, bytes};
}

class MaildirTest : public testing::Test {
 protected:
  std::unique_ptr<Maildir> open() {
    auto opened = Maildir::open(root_);
    if (!opened) throw std::runtime_error(opened.error().message);
    return std::move(*opened);
  }
  std::vector<std::string> in_new() { return names_in(root_ + "/new"); }
  std::vector<std::string> in_tmp() { return names_in(root_ + "/tmp"); }

  ScratchDirectory scratch_;
  const std::string root_ = scratch_ / "deep/er/mail";
  TestGate gate_;
};

std::string retry_reason(const HandlerOutcome& outcome) {
  const auto* retry = std::get_if<Retry>(&outcome);
  return retry == nullptr ? "" : retry->error;
}

TEST_F(MaildirTest, MakesItselfForItsOwnerAlone) {
  open();
  for (const char* name : {"", "/tmp", "/new", "/cur"}) {
    struct stat about {};
    ASSERT_EQ(::stat((root_ + name).c_str(), &about), 0) << name;
    EXPECT_EQ(about.st_mode & 07777, 0700U) << name;
  }
  EXPECT_TRUE(in_tmp().empty());
}

TEST_F(MaildirTest, PutsTheWholeMailIntoNew) {
  const std::string bytes(1'000'000, 'x');
  const auto outcome = open()->deliver(mail("42", bytes), gate_);
  ASSERT_TRUE(std::holds_alternative<Done>(outcome)) << retry_reason(outcome);
  const auto& path = std::get<Done>(outcome).result;
  EXPECT_EQ(path, root_ + "/new/42.waybill");
  EXPECT_EQ(read_file(path), bytes);
  EXPECT_TRUE(in_tmp().empty());
  EXPECT_EQ(gate_.begun, 1);
}

TEST_F(MaildirTest, TheResultIsAnAbsolutePath) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(scratch_ / "");
  auto opened = Maildir::open("./mail/");
  std::filesystem::current_path(before);
  ASSERT_TRUE(opened);
  const auto outcome = (*opened)->deliver(mail("42"), gate_);
  ASSERT_TRUE(std::holds_alternative<Done>(outcome));
  EXPECT_EQ(std::get<Done>(outcome).result, scratch_ / "mail/new/42.waybill");
}

TEST_F(MaildirTest, ARepeatReplacesItself) {
  const auto maildir = open();
  for (const char* bytes : {"one", "two"}) {
    ASSERT_TRUE(std::holds_alternative<Done>(maildir->deliver(mail("订单/7", bytes), gate_)));
  }
  ASSERT_EQ(in_new().size(), 1U);
  EXPECT_EQ(read_file(root_ + "/new/" + in_new().front()), "two");
}

TEST_F(MaildirTest, OneMailFromManyThreadsIsNeverMixed) {
  const auto maildir = open();
  std::vector<std::thread> threads;
  for (char c = 'a'; c < 'h'; ++c) {
    threads.emplace_back([&maildir, c] {
      TestGate gate;
      for (int i = 0; i < 20; ++i) {
        const auto outcome = maildir->deliver(mail("42", std::string(50'000, c)), gate);
        EXPECT_TRUE(std::holds_alternative<Done>(outcome)) << retry_reason(outcome);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  const auto bytes = read_file(root_ + "/new/42.waybill");
  EXPECT_EQ(bytes, std::string(50'000, bytes.front()));
  EXPECT_TRUE(in_tmp().empty());
}

TEST_F(MaildirTest, TheMailIsCompleteButNotInNewWhenItsEffectBegins) {
  const auto maildir = open();
  gate_.on_begin = [this] {
    EXPECT_TRUE(in_new().empty());
    ASSERT_EQ(in_tmp().size(), 1U);
    EXPECT_EQ(read_file(root_ + "/tmp/" + in_tmp().front()), "bytes");
  };
  EXPECT_TRUE(std::holds_alternative<Done>(maildir->deliver(mail("42", "bytes"), gate_)));
}

TEST_F(MaildirTest, NothingLeavesWhenTheGateSaysNo) {
  const auto maildir = open();
  gate_.answer = false;
  EXPECT_NE(retry_reason(maildir->deliver(mail("42"), gate_)).find("no longer ours"), std::string::npos);
  EXPECT_TRUE(in_new().empty());
  EXPECT_TRUE(in_tmp().empty());
}

TEST_F(MaildirTest, FailuresBeforeTheEffectAreRetriedAndLeaveNothing) {
  const auto maildir = open();
  struct Case {
    Call call;
    int error_number;
    std::string reason;
  };
  for (const auto& [call, error_number, reason] :
       {Case{Call::kWrite, ENOSPC, "No space left on device"}, Case{Call::kWrite, EIO, "Input/output error"},
        Case{Call::kSync, EIO, "Input/output error"}, Case{Call::kSync, ENOSPC, "No space left on device"}}) {
    const FailingCalls failing(call, error_number);
    const auto error = retry_reason(maildir->deliver(mail("42"), gate_));
    EXPECT_NE(error.find(reason), std::string::npos) << error;
    EXPECT_NE(error.find(root_ + "/tmp/42"), std::string::npos) << error;
    EXPECT_TRUE(in_new().empty());
    EXPECT_TRUE(in_tmp().empty());
  }
  EXPECT_EQ(gate_.begun, 0);
}

TEST_F(MaildirTest, WritesOnWhenTheSystemTakesOnlyAPart) {
  const auto maildir = open();
  const ShortWrites few(7);
  ASSERT_TRUE(std::holds_alternative<Done>(maildir->deliver(mail("42", "a mail of several parts"), gate_)));
  EXPECT_EQ(read_file(root_ + "/new/42.waybill"), "a mail of several parts");
}

TEST_F(MaildirTest, RetriesWhenNoFileCanBeOpened) {
  const auto maildir = open();
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{0, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto outcome = maildir->deliver(mail("42"), gate_);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_NE(retry_reason(outcome).find("Too many open files"), std::string::npos) << retry_reason(outcome);
  EXPECT_TRUE(std::holds_alternative<Done>(maildir->deliver(mail("42"), gate_)));
}

TEST_F(MaildirTest, AFailedRenameIsRetried) {
  const auto maildir = open();
  gate_.on_begin = [this] { std::filesystem::create_directory(root_ + "/new/42.waybill"); };
  EXPECT_NE(retry_reason(maildir->deliver(mail("42"), gate_)).find("Is a directory"), std::string::npos);
  EXPECT_TRUE(in_tmp().empty());
}

TEST_F(MaildirTest, AnUnsyncedDirectoryMakesTheOutcomeUnknown) {
  const auto maildir = open();
  std::unique_ptr<FailingCalls> failing;
  gate_.on_begin = [&failing] { failing = std::make_unique<FailingCalls>(Call::kSync, EIO); };
  const auto outcome = maildir->deliver(mail("42"), gate_);
  failing.reset();
  ASSERT_TRUE(std::holds_alternative<Unknown>(outcome)) << retry_reason(outcome);
  EXPECT_NE(std::get<Unknown>(outcome).detail.find("Input/output error"), std::string::npos);
  EXPECT_EQ(in_new().size(), 1U);
}

TEST_F(MaildirTest, ComesBackWhenSomebodyRemovedIt) {
  const auto maildir = open();
  std::filesystem::remove_all(scratch_ / "deep");
  const auto outcome = maildir->deliver(mail("42"), gate_);
  EXPECT_TRUE(std::holds_alternative<Done>(outcome)) << retry_reason(outcome);
  EXPECT_EQ(in_new().size(), 1U);
}

TEST_F(MaildirTest, RemovesOnlyOldLeftoversAtTheStart) {
  open();
  const auto write = [this](const std::string& name, std::chrono::hours age) {
    std::ofstream(root_ + "/tmp/" + name) << "half a mail";
    std::filesystem::last_write_time(root_ + "/tmp/" + name, std::filesystem::file_time_type::clock::now() - age);
  };
  write("old", std::chrono::hours(37));
  write("young", std::chrono::hours(35));
  open();
  EXPECT_EQ(in_tmp(), std::vector<std::string>{"young"});
}

TEST_F(MaildirTest, SaysWhyItCannotBeOpened) {
  std::ofstream(scratch_ / "file") << "not a directory";
  const auto below_file = Maildir::open(scratch_ / "file/mail");
  ASSERT_FALSE(below_file);
  EXPECT_NE(below_file.error().message.find("Not a directory"), std::string::npos) << below_file.error().message;
  const auto file_itself = Maildir::open(scratch_ / "file");
  ASSERT_FALSE(file_itself);
  EXPECT_EQ(file_itself.error().code, "ENOTDIR");
  const auto read_only = Maildir::open("/proc/waybill-mail");
  ASSERT_FALSE(read_only);
  EXPECT_NE(read_only.error().message.find("/proc/waybill-mail"), std::string::npos);
  EXPECT_FALSE(Maildir::open(""));
}

// Dies by SIGKILL at the fault point, in a process of its own.
void crash_at(const std::string& point, Maildir& maildir) {
  ::setenv("WAYBILL_FAULT", point.c_str(), 1);
  if (!configure_fault_points()) return;
  TestGate gate;
  [[maybe_unused]] const auto outcome = maildir.deliver(mail("42"), gate);  // does not come back
}

TEST_F(MaildirTest, DiesAtEachOfItsFaultPointsWithTheMailWhereItBelongs) {
  for (const auto& [point, delivered] :
       {std::pair{"before_effect", false}, {"after_begin_effect", false}, {"during_effect", true}}) {
    std::filesystem::remove_all(root_);
    const auto maildir = open();
    EXPECT_EXIT(crash_at(point, *maildir), testing::KilledBySignal(SIGKILL), "fault point .* reached") << point;
    EXPECT_EQ(in_new().size(), delivered ? 1U : 0U) << point;
    EXPECT_EQ(in_tmp().size(), delivered ? 0U : 1U) << point;
  }
}

}  // namespace
}  // namespace waybill
