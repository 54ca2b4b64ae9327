#include <gtest/gtest.h>

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <string>

#include "bench/child_process.h"
#include "bench/sample_mail.h"
#include "bench/smtp_sink.h"
#include "tests/unit/bench/scratch_folder.h"

namespace waybill::bench {
namespace {

MonoTime soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(30); }

ChildOptions shell(const ScratchFolder& folder, const std::string& script) {
  return {"the child", "/bin/sh", {"sh", "-c", script}, folder.path() + "/output"};
}

TEST(SinkCounters, TheLastWholeLineCounts) {
  EXPECT_EQ(counted_mails(""), 0);
  EXPECT_EQ(counted_mails("sess=1 quit=0 mesg=0\r"), 0);
  EXPECT_EQ(counted_mails("sess=1 quit=0 mesg=9\rsess=1 quit=0 mesg=10\r"), 10);
  EXPECT_EQ(counted_mails("sess=1 quit=0 mesg=9\rsess=1 quit=0 mesg=1"), 9);
  EXPECT_EQ(counted_mails("esg=9\rsess=1 quit=0 me"), 0);
}

TEST(SampleMail, IsAsLongAsItWasAskedFor) {
  for (const int size : {kMailSizeMin, 1'024, 4'000, 50'000}) {
    const auto mail = sample_mail(size, "waybill@localhost");
    ASSERT_TRUE(mail.ok()) << mail.error().message;
    EXPECT_NEAR(static_cast<double>(mail->bytes.size()), size, 2) << size;
  }
}

TEST(ChildProcess, ItsEndIsJudgedAndItsLastWordsAreTold) {
  const ScratchFolder folder;
  RunWatch watch;
  EXPECT_TRUE(run_child(shell(folder, "echo fine"), soon(), watch).ok());
  const auto failed = run_child(shell(folder, "echo first; echo broken >&2; exit 3"), soon(), watch);
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().what, ErrorClass::kRetry);
  EXPECT_EQ(failed.error().message, "the child did not end in order: broken");
  const auto never = run_child(shell(folder, "exec sleep 60"), std::chrono::steady_clock::now(), watch);
  ASSERT_FALSE(never.ok());
  EXPECT_EQ(never.error().message, "the child did not end in time: it said nothing");
}

TEST(ChildProcess, OneThatIsForgottenIsKilled) {
  const ScratchFolder folder;
  pid_t pid = 0;
  {
    const auto child = ChildProcess::start(shell(folder, "exec sleep 60"));
    ASSERT_TRUE(child.ok());
    pid = (*child)->pid();
    EXPECT_TRUE((*child)->running());
  }
  EXPECT_EQ(::kill(pid, 0), -1);
}

TEST(ChildProcess, RootGivesItsRightsAway) {
  const ScratchFolder folder;
  RunWatch watch;
  auto options = shell(folder, "test \"$(id -u)\" -ne 0");
  options.as_nobody = true;
  EXPECT_TRUE(run_child(options, soon(), watch).ok());
}

TEST(FindProgram, LooksWhereProgramsAre) {
  EXPECT_TRUE(find_program("sh").ends_with("/sh"));
  EXPECT_EQ(find_program("no-such-program"), "");
}

}  // namespace
}  // namespace waybill::bench
