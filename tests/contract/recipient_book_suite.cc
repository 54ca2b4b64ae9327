#include "tests/contract/recipient_book_suite.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <utility>

namespace waybill::contract {
namespace {

using smtp::RecipientFate;
using smtp::RecipientRecord;
using Records = std::vector<RecipientRecord>;

const std::vector<std::string> kTwo = {"a@example.test", "b@example.test"};

RecipientRecord record_of(const std::string& address, RecipientFate fate, int code, const std::string& text = "said") {
  return {address, {fate, code, std::to_string(code / 100) + ".0.0", text}, "mx.test:25"};
}
RecipientRecord delivered(const std::string& address) { return record_of(address, RecipientFate::kDelivered, 250); }
RecipientRecord refused(const std::string& address) { return record_of(address, RecipientFate::kRefused, 550); }
RecipientRecord again(const std::string& address) { return record_of(address, RecipientFate::kTryAgain, 450); }
RecipientRecord unknown(const std::string& address) { return record_of(address, RecipientFate::kUnknown, 0); }

Records read(RecipientBookHarness& harness, const MessageId& id, const std::vector<std::string>& to) {
  auto records = harness.book().read(id, to);
  check(records.ok(), "the book can be read");
  check(records->size() == to.size(), "there is one record for each address");
  return std::move(*records);
}

void record(RecipientBookHarness& harness, const MessageId& id, const Records& records) {
  check(harness.book().record(id, records).ok(), "the book takes records");
}

void what_nothing_is_known_of_is_open(RecipientBookHarness& harness) {
  const auto id = harness.new_mail(kTwo);
  const auto records = read(harness, id, kTwo);
  for (std::size_t at = 0; at < kTwo.size(); ++at) {
    check(records[at] == RecipientRecord{kTwo[at], {}, ""}, "it is to be tried, and no relay has told anything");
  }
}

void a_record_is_read_as_it_was(RecipientBookHarness& harness) {
  const std::vector<std::string> to = {"a@x", "b@x", "c@x", "d@x"};
  const auto id = harness.new_mail(to);
  const Records told = {delivered("a@x"), refused("b@x"), again("c@x"), unknown("d@x")};
  record(harness, id, told);
  check(read(harness, id, to) == told, "fate, code, enhanced code, text and relay are kept");
}

void records_outlive_a_crash(RecipientBookHarness& harness) {
  const auto id = harness.new_mail(kTwo);
  const Records told = {delivered(kTwo[0]), again(kTwo[1])};
  record(harness, id, told);
  harness.reopen();
  check(read(harness, id, kTwo) == told, "what was answered ok is durable");
}

void answers_follow_the_order_of_the_question(RecipientBookHarness& harness) {
  const auto id = harness.new_mail(kTwo);
  record(harness, id, {delivered(kTwo[0]), refused(kTwo[1])});
  const auto records = read(harness, id, {kTwo[1], kTwo[0]});
  check(records[0].address == kTwo[1] && records[0].outcome.fate == RecipientFate::kRefused,
        "the first asked comes first");
  check(records[1].address == kTwo[0] && records[1].outcome.fate == RecipientFate::kDelivered, "then the second");
}

void some_may_be_recorded_without_the_others(RecipientBookHarness& harness) {
  const auto id = harness.new_mail(kTwo);
  record(harness, id, {delivered(kTwo[0])});
  record(harness, id, {refused(kTwo[1])});
  check(read(harness, id, kTwo) == Records{delivered(kTwo[0]), refused(kTwo[1])},
        "each keeps what was last told of it");
}

void a_delivery_stays_one(RecipientBookHarness& harness) {
  const auto id = harness.new_mail(kTwo);
  record(harness, id, {delivered(kTwo[0])});
  for (const auto& later : {again(kTwo[0]), unknown(kTwo[0]), refused(kTwo[0])}) {
    record(harness, id, {later});
    check(read(harness, id, kTwo)[0] == delivered(kTwo[0]), "nothing opens or refuses a delivery");
  }
}

void a_refusal_may_only_become_a_delivery(RecipientBookHarness& harness) {
  const auto id = harness.new_mail(kTwo);
  record(harness, id, {refused(kTwo[0])});
  record(harness, id, {again(kTwo[0])});
  record(harness, id, {unknown(kTwo[0])});
  check(read(harness, id, kTwo)[0] == refused(kTwo[0]), "a refusal is not opened");
  record(harness, id, {delivered(kTwo[0])});
  check(read(harness, id, kTwo)[0] == delivered(kTwo[0]), "a late delivery is true");
}

void what_is_open_takes_the_latest(RecipientBookHarness& harness) {
  const auto id = harness.new_mail(kTwo);
  record(harness, id, {unknown(kTwo[0])});
  record(harness, id, {again(kTwo[0])});
  check(read(harness, id, kTwo)[0] == again(kTwo[0]), "the last attempt's answer is told");
}

void the_same_again_changes_nothing(RecipientBookHarness& harness) {
  const auto id = harness.new_mail(kTwo);
  const Records told = {delivered(kTwo[0]), refused(kTwo[1])};
  record(harness, id, told);
  record(harness, id, told);
  check(read(harness, id, kTwo) == told, "a repeat is the same");
}

void mails_do_not_mix(RecipientBookHarness& harness) {
  const auto one = harness.new_mail(kTwo);
  const auto other = harness.new_mail(kTwo);
  record(harness, one, {delivered(kTwo[0])});
  check(read(harness, other, kTwo)[0].outcome.fate == RecipientFate::kTryAgain, "another mail is another matter");
}

void addresses_are_compared_bytewise(RecipientBookHarness& harness) {
  const std::vector<std::string> to = {"A@x", "a@x", "a@x ", "caf\xc3\xa9@x", "cafe@x", "\"a b'%_\\\\\"@x"};
  const auto id = harness.new_mail(to);
  record(harness, id, {delivered("a@x"), delivered("caf\xc3\xa9@x"), delivered(to[5])});
  const auto records = read(harness, id, to);
  for (const std::size_t open : {0U, 2U, 4U}) {
    check(records[open].outcome.fate == RecipientFate::kTryAgain, "case, blanks and accents make another address");
  }
  for (const std::size_t closed : {1U, 3U, 5U})
    check(records[closed].outcome.fate == RecipientFate::kDelivered, "the very same");
}

void long_answers_are_kept_or_cut_but_never_refused(RecipientBookHarness& harness) {
  const auto id = harness.new_mail(kTwo);
  record(harness, id, {record_of(kTwo[0], RecipientFate::kDelivered, 250, std::string(1'000, 'x'))});
  check(read(harness, id, kTwo)[0].outcome.fate == RecipientFate::kDelivered,
        "a delivery is recorded whatever was said");
}

void many_threads_lose_nothing(RecipientBookHarness& harness) {
  constexpr std::size_t kThreads = 4;
  std::vector<std::string> to;
  for (std::size_t i = 0; i < 100; ++i) to.push_back("user" + std::to_string(i) + "@example.test");
  const auto id = harness.new_mail(to);
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (std::size_t at = thread; at < to.size(); at += kThreads) {
        if (!harness.book().record(id, {delivered(to[at])})) ++failures;
        if (!harness.book().record(id, {again(to[(at + 1) % to.size()])})) ++failures;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  check(failures == 0, "several threads may record at once");
  for (const auto& one : read(harness, id, to))
    check(one.outcome.fate == RecipientFate::kDelivered, "every delivery is kept");
}

}  // namespace

const std::vector<RecipientBookCase>& recipient_book_cases() {
  static const std::vector<RecipientBookCase> cases = {
      {"WhatNothingIsKnownOfIsOpen", what_nothing_is_known_of_is_open},
      {"ARecordIsReadAsItWas", a_record_is_read_as_it_was},
      {"RecordsOutliveACrash", records_outlive_a_crash},
      {"AnswersFollowTheOrderOfTheQuestion", answers_follow_the_order_of_the_question},
      {"SomeMayBeRecordedWithoutTheOthers", some_may_be_recorded_without_the_others},
      {"ADeliveryStaysOne", a_delivery_stays_one},
      {"ARefusalMayOnlyBecomeADelivery", a_refusal_may_only_become_a_delivery},
      {"WhatIsOpenTakesTheLatest", what_is_open_takes_the_latest},
      {"TheSameAgainChangesNothing", the_same_again_changes_nothing},
      {"MailsDoNotMix", mails_do_not_mix},
      {"AddressesAreComparedBytewise", addresses_are_compared_bytewise},
      {"LongAnswersAreKeptOrCutButNeverRefused", long_answers_are_kept_or_cut_but_never_refused},
      {"ManyThreadsLoseNothing", many_threads_lose_nothing},
  };
  return cases;
}

namespace {

class SuiteTest final : public ::testing::Test {
 public:
  SuiteTest(const RecipientBookCase& book_case, const MakeRecipientBookHarness& make) : case_(book_case), make_(make) {}

 private:
  void TestBody() override {
    const auto harness = make_();
    try {
      case_.run(*harness);
    } catch (const ContractViolation& violation) {
      FAIL() << violation.what();
    }
  }
  const RecipientBookCase case_;
  const MakeRecipientBookHarness make_;
};

}  // namespace

bool register_recipient_book_suite(const char* adapter, MakeRecipientBookHarness make) {
  for (const auto& book_case : recipient_book_cases()) {
    ::testing::RegisterTest(adapter, book_case.name, nullptr, nullptr, __FILE__, __LINE__,
                            [book_case, make]() -> ::testing::Test* { return new SuiteTest(book_case, make); });
  }
  return true;
}

}  // namespace waybill::contract
