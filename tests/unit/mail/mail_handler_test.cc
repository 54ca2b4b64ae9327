#include "mail/mail_handler.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include <algorithm>

#include "base/fault_point.h"
#include "mail/journal.h"
#include "mail/mail_body.h"
#include "mail/maildir.h"
#include "mail/mime.h"
#include "tests/unit/mail/mail_fixtures.h"

namespace waybill {
namespace {

const MailRequest kRequest{"Hello 邮件", "How are you?\n", {"a@example.com", "b@example.com"}};

Attempt attempt(const std::string& id, const std::string& body) {
  Attempt made;
  made.id = {id};
  made.number = 1;
  made.body = Body(body);
  return made;
}

class MailHandlerTest : public testing::Test {
 protected:
  std::unique_ptr<MailHandler> handler(MailOptions options = {}) {
    auto transport = std::make_unique<RecordingTransport>();
    transport_ = transport.get();
    return std::make_unique<MailHandler>(std::move(options), std::move(transport), clock_);
  }

  FixedClock clock_;
  TestGate gate_;
  RecordingTransport* transport_ = nullptr;  // owned by the handler
};

TEST_F(MailHandlerTest, HandsTheMailToItsTransport) {
  MailOptions options;
  options.from = "sender@example.org";
  const auto mailer = handler(options);
  EXPECT_TRUE(mailer->marks_effect());
  const auto outcome = mailer->handle(attempt("42", write_mail_body({"42"}, kRequest)), gate_);
  ASSERT_TRUE(std::holds_alternative<Done>(outcome));
  EXPECT_EQ(std::get<Done>(outcome).result, "somewhere");
  ASSERT_EQ(transport_->mails.size(), 1U);
  const auto& mail = transport_->mails.front();
  EXPECT_EQ(mail.msg_id, MessageId{"42"});
  EXPECT_EQ(mail.envelope.from, "sender@example.org");
  EXPECT_EQ(mail.envelope.to, kRequest.tos);
  EXPECT_EQ(mail.bytes, *build_mime(kRequest, {{"42"}, "sender@example.org", clock_.time}));
}

TEST_F(MailHandlerTest, TheMessagesOwnIdDecidesWhateverTheBodySays) {
  const auto mailer = handler();
  ASSERT_TRUE(std::holds_alternative<Done>(
      mailer->handle(attempt("42", R"({"msgId":"7","subject":"s","content":"c","tos":"a@x"})"), gate_)));
  EXPECT_EQ(transport_->mails.front().msg_id, MessageId{"42"});
  EXPECT_NE(transport_->mails.front().bytes.find("<42@waybill.localhost>"), std::string::npos);
}

TEST_F(MailHandlerTest, ABodyThatIsNoMailFailsBeforeAnyEffect) {
  const auto mailer = handler();
  for (const auto& body : {std::string("not json"), std::string(), std::string(R"({"subject":"s"})"),
                           std::string(R"({"subject":"s\n","content":"c","tos":"a@x"})"), std::string("\0\xff", 2)}) {
    const auto outcome = mailer->handle(attempt("42", body), gate_);
    ASSERT_TRUE(std::holds_alternative<Fail>(outcome)) << body;
    EXPECT_TRUE(std::get<Fail>(outcome).error.starts_with("the message body is not a mail: "));
  }
  EXPECT_EQ(gate_.begun, 0);
}

TEST_F(MailHandlerTest, AnswersWhatTheTransportAnswers) {
  const auto mailer = handler();
  const auto body = write_mail_body({"42"}, kRequest);
  transport_->answer = Unknown{"perhaps"};
  EXPECT_TRUE(std::holds_alternative<Unknown>(mailer->handle(attempt("42", body), gate_)));
  gate_.answer = false;
  EXPECT_TRUE(std::holds_alternative<Retry>(mailer->handle(attempt("42", body), gate_)));
  EXPECT_EQ(transport_->mails.size(), 1U);
}

TEST_F(MailHandlerTest, KeepsToItsLimits) {
  MailOptions options;
  options.limits.recipients_max = 1;
  const auto outcome = handler(options)->handle(attempt("42", write_mail_body({"42"}, kRequest)), gate_);
  ASSERT_TRUE(std::holds_alternative<Fail>(outcome));
  EXPECT_NE(std::get<Fail>(outcome).error.find("more than 1 recipients"), std::string::npos);
}

TEST(MailOptionsTest, TheSenderMustBeAnAddress) {
  EXPECT_TRUE(validate(MailOptions{}));
  MailOptions options;
  options.from = "Waybill <waybill@localhost>";
  const auto refused = validate(options);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("mail.from"), std::string::npos);
  EXPECT_NE(refused.error().message.find("waybill@localhost is right"), std::string::npos);
  options = {};
  options.limits.content_bytes_max = 0;
  EXPECT_FALSE(validate(options));
}

// Dies by SIGKILL at the fault point, in a process of its own.
void crash_at(const std::string& point, Handler& mailer) {
  ::setenv("WAYBILL_FAULT", point.c_str(), 1);
  if (!configure_fault_points()) return;
  TestGate gate;
  [[maybe_unused]] const auto outcome = mailer.handle(attempt("42", write_mail_body({"42"}, kRequest)), gate);
}

TEST_F(MailHandlerTest, TheJournalHasItsLineAfterTheEffectAndNotDuringIt) {
  const ScratchDirectory scratch;
  for (const auto& [point, lines] : {std::pair{"during_effect", 0}, {"after_effect", 1}}) {
    const auto path = scratch / point;
    auto maildir = Maildir::open(path);
    ASSERT_TRUE(maildir);
    auto journal = JournalTransport::open(path + ".journal", std::move(*maildir), clock_);
    ASSERT_TRUE(journal);
    MailHandler mailer(MailOptions{}, std::move(*journal), clock_);
    EXPECT_EXIT(crash_at(point, mailer), testing::KilledBySignal(SIGKILL), "fault point .* reached") << point;
    EXPECT_EQ(names_in(path + "/new").size(), 1U) << point;
    const auto written = read_file(path + ".journal");
    EXPECT_EQ(std::count(written.begin(), written.end(), '\n'), lines) << point;
  }
}

TEST_F(MailHandlerTest, SendsAFullerMailToEveryoneInTheSendersName) {
  Mail mail;
  mail.text = "t";
  mail.from = Mailbox{"s@bücher.example", "S"};
  mail.to = {{"a@x", "A"}};
  mail.bcc = {{"b@straße.example", ""}, {"a@X", ""}};
  MailOptions options;
  options.allowed_from = *AllowedSenders::from({"@bücher.example"});
  const auto mailer = handler(options);
  ASSERT_TRUE(std::holds_alternative<Done>(mailer->handle(attempt("42", write_mail_body(mail)), gate_)));
  const auto& sent = transport_->mails.front();
  EXPECT_EQ(sent.envelope.from, "s@xn--bcher-kva.example");
  EXPECT_EQ(sent.envelope.to, (std::vector<std::string>{"a@x", "b@xn--strae-oqa.example"}));
  EXPECT_EQ(sent.bytes, *build_mime(mail, {{"42"}, options.from, clock_.time}));
}

TEST_F(MailHandlerTest, FailsAMailInANameThatIsNotAllowed) {
  MailOptions options;
  options.from = "us@example.org";
  options.allowed_from = *AllowedSenders::from({"news@example.org"});
  const auto mailer = handler(options);
  Mail mail;
  mail.text = "t";
  mail.to = {{"a@x", ""}};
  for (const auto& [from, allowed] : std::vector<std::pair<std::string, bool>>{
           {"news@example.org", true}, {"us@example.org", true}, {"boss@example.org", false}}) {
    mail.from = Mailbox{from, ""};
    const auto outcome = mailer->handle(attempt("42", write_mail_body(mail)), gate_);
    EXPECT_EQ(std::holds_alternative<Done>(outcome), allowed) << from;
    if (allowed) continue;
    EXPECT_EQ(std::get<Fail>(outcome).error, "from: 'boss@example.org' is not within mail.allowed_from");
  }
}

}  // namespace
}  // namespace waybill
