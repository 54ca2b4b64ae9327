#include "mail/smtp/dsn.h"

#include <gtest/gtest.h>

#include "tests/unit/mail/smtp/dialogue_rig.h"

namespace waybill::smtp {
namespace {

TEST(DsnWish, IsReadFromItsWords) {
  EXPECT_EQ(*parse_dsn_wish({}), DsnWish{});
  EXPECT_EQ(*parse_dsn_wish({"failure", "delay"}), (DsnWish{.failure = true, .delay = true}));
  EXPECT_EQ(*parse_dsn_wish({"never"}), DsnWish{.never = true});
  EXPECT_FALSE(parse_dsn_wish({"always"}).ok());
  EXPECT_FALSE(parse_dsn_wish({"never", "failure"}).ok());
}

TEST(Xtext, WritesWhatIsNotPlainInHexadecimal) {
  EXPECT_EQ(xtext("a-1_.@x/!~"), "a-1_.@x/!~");
  EXPECT_EQ(xtext("a+b=c d"), "a+2Bb+3Dc+20d");
  EXPECT_EQ(xtext("\xff\r\n\x7f"), "+FF+0D+0A+7F");
}

TEST(Dsn, AnIdThatCannotBeWrittenIsLeftOut) {
  const DsnWish wish{.failure = true};
  EXPECT_EQ(dsn_of_mail(wish, "order 7"), " RET=HDRS ENVID=order+207");
  EXPECT_EQ(dsn_of_mail(wish, std::string(100, 'x')), " RET=HDRS ENVID=" + std::string(100, 'x'));
  for (const std::string& id :
       {std::string(), std::string(101, 'x'), std::string("a\nb"), std::string("\xe9\x82\xae")}) {
    EXPECT_EQ(dsn_of_mail(wish, id), " RET=HDRS");
  }
}

TEST(Dsn, IsAskedForWhereItIsOffered) {
  DialogueRig rig({.offered = {.pipelining = true, .dsn = true},
                   .to = {"a@x", "b@x"},
                   .dialogue = {.dsn = {.failure = true, .delay = true}, .envelope_id = "7"}});
  EXPECT_EQ(rig.written(),
            "MAIL FROM:<s@x> RET=HDRS ENVID=7\r\nRCPT TO:<a@x> NOTIFY=FAILURE,DELAY\r\n"
            "RCPT TO:<b@x> NOTIFY=FAILURE,DELAY\r\nDATA\r\n");
}

TEST(Dsn, IsNotAskedForElsewhereNorWithoutAWish) {
  DialogueRig not_offered({.offered = pipelining(), .dialogue = {.dsn = {.never = true}, .envelope_id = "7"}});
  DialogueRig no_wish({.offered = {.pipelining = true, .dsn = true}, .dialogue = {.envelope_id = "7"}});
  const std::string plain = "MAIL FROM:<s@x>\r\nRCPT TO:<a@x>\r\nDATA\r\n";
  EXPECT_EQ(not_offered.written(), plain);
  EXPECT_EQ(no_wish.written(), plain);
}

}  // namespace
}  // namespace waybill::smtp
