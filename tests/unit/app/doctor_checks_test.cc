#include <gtest/gtest.h>

#include "app/broker_checks.h"
#include "app/doctor.h"
#include "app/local_checks.h"
#include "app/relay_checks.h"

namespace waybill::app {
namespace {

using Standing = SurveyedThing::Standing;

/// The one finding that says `part`.
Finding find(const Findings& findings, const std::string& part) {
  Finding found;
  int count = 0;
  for (const Finding& finding : findings) {
    if (finding.what.find(part) == std::string::npos) continue;
    found = finding;
    ++count;
  }
  EXPECT_EQ(count, 1) << part;
  return found;
}

BrokerSurvey healthy() {
  BrokerSurvey survey;
  survey.address = "127.0.0.1:5672";
  survey.product = "RabbitMQ";
  survey.version = "3.10.8";
  survey.alarm = BrokerSurvey::Alarm::kNone;
  survey.exchanges = {{.name = "e", .standing = Standing::kAsWanted}};
  survey.queues = {{.name = "q", .standing = Standing::kAsWanted, .messages = 3, .consumers = 1}};
  return survey;
}

TEST(BrokerChecksTest, AHealthyBrokerHasNothingToBeDone) {
  for (const Finding& finding : check_survey(healthy(), "amqp://b")) {
    EXPECT_EQ(finding.verdict, Verdict::kOk) << finding.what;
    EXPECT_EQ(finding.advice, "");
  }
  EXPECT_EQ(find(check_survey(healthy(), "amqp://b"), "queue 'q'").what,
            "queue 'q': as configured, 3 messages ready, 1 consumer");
}

TEST(RelayChecksTest, WhatIsWrongHasItsAdvice) {
  using Kind = smtp::RelayFailure::Kind;
  const auto relay = *smtp::parse_relay_url("smtp://me:hush@mx.test:587");
  const auto good = check_relay(relay, std::nullopt);
  EXPECT_EQ(good.verdict, Verdict::kOk);
  EXPECT_EQ(good.what, "the relay mx.test:587 can be used: STARTTLS with a trusted certificate, login as 'me'");
  for (const auto& [kind, part] :
       std::vector<std::pair<Kind, std::string>>{{Kind::kUnreachable, "start it"},
                                                 {Kind::kTls, "mail.smtp.tls_ca"},
                                                 {Kind::kLogin, "mail.smtp.password_file"}}) {
    const auto bad = check_relay(relay, smtp::RelayFailure{kind, "it is so"});
    EXPECT_EQ(bad.verdict, Verdict::kProblem);
    EXPECT_EQ(bad.what, "it is so");
    EXPECT_NE(bad.advice.find(part), std::string::npos) << bad.advice;
  }
}

TEST(RelayChecksTest, PlainTextIsFitForThisMachineOnly) {
  EXPECT_EQ(check_relay(*smtp::parse_relay_url("smtp://localhost"), std::nullopt).verdict, Verdict::kOk);
  for (const char* url : {"smtp://mx.test?tls=none", "smtp://mx.test?tls=opportunistic"}) {
    EXPECT_EQ(check_relay(*smtp::parse_relay_url(url), std::nullopt).verdict, Verdict::kWarning) << url;
  }
}

TEST(RelayChecksTest, APolicyThatGivesUpSoonIsToldOf) {
  const auto found = check_patience(RetryPolicy{});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].verdict, Verdict::kWarning);
  EXPECT_EQ(found[0].what,
            "a mail that a server does not take at once is given up after 16s (worker.retry = fixed 3 8000)");
  EXPECT_TRUE(check_patience(standard_retry()).empty());
}

TEST(BrokerChecksTest, ABrokerThatCannotBeUsedIsTheOnlyFinding) {
  const auto away = check_survey(make_error(ErrorClass::kRetry, "Connection refused"), "amqp://b");
  ASSERT_EQ(away.size(), 1U);
  EXPECT_EQ(away[0].verdict, Verdict::kProblem);
  EXPECT_EQ(away[0].what, "broker amqp://b: Connection refused");
  EXPECT_NE(away[0].advice.find("start the broker"), std::string::npos);
  const auto refused = check_survey(make_error(ErrorClass::kPermanent, "wrong password"), "amqp://b");
  EXPECT_NE(refused.at(0).advice.find("broker.password"), std::string::npos);
}

TEST(BrokerChecksTest, WhatIsMissingCanBeDeclaredAndWhatDiffersCannot) {
  auto survey = healthy();
  survey.exchanges[0].standing = Standing::kMissing;
  survey.queues[0].standing = Standing::kDiffers;
  survey.queues[0].detail = "inequivalent arg 'x-queue-type'";
  const auto findings = check_survey(survey, "amqp://b");
  EXPECT_EQ(find(findings, "exchange 'e'").verdict, Verdict::kWarning);
  EXPECT_NE(find(findings, "exchange 'e'").advice.find("topology declare"), std::string::npos);
  EXPECT_EQ(find(findings, "queue 'q'").verdict, Verdict::kProblem);
  EXPECT_NE(find(findings, "queue 'q'").what.find("x-queue-type"), std::string::npos);
}

TEST(BrokerChecksTest, AnAlarmIsAProblemWithItsReason) {
  auto survey = healthy();
  survey.alarm = BrokerSurvey::Alarm::kBlocked;
  survey.alarm_reason = "low on memory";
  EXPECT_EQ(find(check_survey(survey, "amqp://b"), "low on memory").verdict, Verdict::kProblem);
  survey.alarm = BrokerSurvey::Alarm::kUnknown;
  EXPECT_EQ(find(check_survey(survey, "amqp://b"), "alarm").verdict, Verdict::kWarning);
}

TEST(RightsTest, WhatAUserMayNotDoIsAProblem) {
  const Topology wanted{{"e", "dlx"}, {{{"q"}}, {{"dead"}}}, {}};
  const auto check = [&](const char* write, const char* read, BrokerUse use) {
    return check_rights({"u", write, read}, wanted, {"dead"}, use);
  };
  const auto fine = check(".*", ".*", {true, true});
  ASSERT_EQ(fine.size(), 1U);
  EXPECT_EQ(fine[0].verdict, Verdict::kOk);
  const auto some = check("^e$", "^dead$", {true, true});
  EXPECT_EQ(some.size(), 3U);
  EXPECT_EQ(find(some, "publish to exchange 'dlx'").verdict, Verdict::kProblem);
  EXPECT_EQ(find(some, "publish to the default exchange").verdict, Verdict::kProblem);
  EXPECT_EQ(find(some, "consume from queue 'q'").what,
            "user 'u' may not consume from queue 'q': read '^dead$' does not cover it");
  EXPECT_EQ(check("^$", "^q$", {false, true}).at(0).verdict, Verdict::kOk) << "it publishes nothing";
  EXPECT_EQ(check("(?<x>", "^q$", {true, true}).at(0).verdict, Verdict::kWarning);
}

TEST(ManagementChecksTest, WhatDropsMessagesIsAProblemAndOfCopiesAWarning) {
  ManagementFacts facts;
  facts.queues = {{.name = "q", .policy = "p", .message_ttl = 1000, .expires = 60'000, .drops_when_full = true},
                  {.name = "dead", .message_ttl = 1000}};
  const auto findings = check_management(facts, {}, {"dead"});
  EXPECT_EQ(find(findings, "queue 'q' drops messages after 1000 ms (policy 'p')").verdict, Verdict::kProblem);
  EXPECT_EQ(find(findings, "queue 'q' is removed after 60000 ms").verdict, Verdict::kProblem);
  EXPECT_EQ(find(findings, "queue 'q' drops its oldest messages").verdict, Verdict::kProblem);
  EXPECT_EQ(find(findings, "queue 'dead' drops messages after 1000 ms (by its arguments)").verdict, Verdict::kWarning);
}

TEST(ManagementChecksTest, BindingsAreLookedForWhereTheQueueExists) {
  ManagementFacts facts;
  facts.queues = {{.name = "q", .bindings = {{"e", "k"}}}};
  const Topology wanted{
      {}, {}, {{{"e", "k"}, {"q"}}, {{"e", "other"}, {"q"}}, {{"", "q"}, {"q"}}, {{"e", "k"}, {"r"}}}};
  const auto findings = check_management(facts, wanted, {"dead"});
  EXPECT_EQ(findings.size(), 3U) << "one of the queue itself";
  EXPECT_EQ(find(findings, "is bound to e / k").verdict, Verdict::kOk);
  EXPECT_EQ(find(findings, "is not bound to e / other").verdict, Verdict::kProblem);
}

TEST(ManagementChecksTest, AlarmsAndClocksAreSaid) {
  ManagementFacts facts;
  facts.alarms_known = true;
  facts.clock_ahead = Duration{-900};
  auto findings = check_management(facts, {}, {"dead"});
  EXPECT_EQ(find(findings, "no node has an alarm").verdict, Verdict::kOk);
  EXPECT_EQ(find(findings, "agree").verdict, Verdict::kOk);
  facts.alarms = {"memory on node a"};
  facts.clock_ahead = Duration{-60'000};
  findings = check_management(facts, {}, {"dead"});
  EXPECT_EQ(find(findings, "memory on node a").verdict, Verdict::kProblem);
  EXPECT_EQ(find(findings, "60 s behind").verdict, Verdict::kWarning);
}

LocalFacts good_place() {
  LocalFacts facts;
  facts.log_file = "waybill.db";
  facts.log = SqliteFacts{3, "wal", true};
  facts.free_bytes = 10ULL << 30U;
  facts.maildir = "mail";
  facts.mail_writable = ok_status();
  return facts;
}

TEST(LocalChecksTest, AGoodPlaceHasNothingToBeDone) {
  for (const Finding& finding : check_local(good_place())) EXPECT_EQ(finding.verdict, Verdict::kOk) << finding.what;
}

TEST(LocalChecksTest, ALogThatIsNotThereYetIsNoProblem) {
  LocalFacts facts = good_place();
  facts.log.reset();
  facts.mail_writable.reset();
  for (const Finding& finding : check_local(facts)) EXPECT_EQ(finding.verdict, Verdict::kOk) << finding.what;
}

TEST(LocalChecksTest, WhatWouldLoseMessagesIsAProblem) {
  LocalFacts facts = good_place();
  facts.log = SqliteFacts{3, "wal", false};
  facts.free_bytes = 1U << 20U;
  facts.mail_writable = make_error(ErrorClass::kRetry, "no permission");
  const auto findings = check_local(facts);
  EXPECT_EQ(find(findings, "synchronous").verdict, Verdict::kProblem);
  EXPECT_EQ(find(findings, "1 MiB are free").verdict, Verdict::kProblem);
  EXPECT_EQ(find(findings, "no permission").verdict, Verdict::kProblem);
  facts.log = make_error(ErrorClass::kPermanent, "damaged");
  EXPECT_EQ(find(check_local(facts), "damaged").verdict, Verdict::kProblem);
}

TEST(LocalChecksTest, WhatIsLessThanItShouldBeIsAWarning) {
  LocalFacts facts = good_place();
  facts.log = SqliteFacts{3, "delete", true};
  facts.free_bytes = 500U << 20U;
  EXPECT_EQ(find(check_local(facts), "journal mode is delete").verdict, Verdict::kWarning);
  EXPECT_EQ(find(check_local(facts), "500 MiB are free").verdict, Verdict::kWarning);
}

TEST(DiagnosisTest, IsALineEachAndAsksForNothingWhereNothingIsToBeDone) {
  const Diagnosis diagnosis{{{Verdict::kOk, "a", ""}, {Verdict::kProblem, "b\n", "c"}}, {"d: set e"}};
  EXPECT_EQ(diagnosis_as_text(diagnosis), "ok       a\nproblem  b\\n → c\nnot made d: set e\n");
  EXPECT_TRUE(diagnosis.has_problem());
  EXPECT_EQ(diagnosis_as_json(diagnosis), R"({"healthy":false,"findings":[{"verdict":"ok","what":"a","advice":""},)"
                                          R"({"verdict":"problem","what":"b\n","advice":"c"}],"not_made":["d: set e"]})"
                                          "\n");
}

}  // namespace
}  // namespace waybill::app
