// The contract of the book of recipients as plain functions, so that every adapter can be held to it and deliberately
// wrong books can be shown to fail it. An adapter joins in a test file of its own (library
// waybill_recipient_book_suite):
//
//   const bool registered = register_recipient_book_suite("SqliteRecipientBook", make_sqlite_harness);
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "mail/smtp/recipient_book.h"
#include "tests/contract/contract_check.h"

namespace waybill::contract {

/// One book, and what it stands on.
class RecipientBookHarness {
 public:
  virtual ~RecipientBookHarness() = default;
  /// Valid until reopen().
  [[nodiscard]] virtual smtp::RecipientBook& book() = 0;
  /// A mail that may be recorded about, never given before.
  [[nodiscard]] virtual MessageId new_mail(const std::vector<std::string>& to) = 0;
  /// As after a crash: only what is durable is left.
  virtual void reopen() = 0;
};

/// One promise of the port. `run` throws ContractViolation if it is broken.
struct RecipientBookCase {
  const char* name;
  void (*run)(RecipientBookHarness& harness);
};
[[nodiscard]] const std::vector<RecipientBookCase>& recipient_book_cases();

using MakeRecipientBookHarness = std::function<std::unique_ptr<RecipientBookHarness>()>;
/// Registers every case with GoogleTest, as `adapter`.`case`. Before main; always true.
bool register_recipient_book_suite(const char* adapter, MakeRecipientBookHarness make);

}  // namespace waybill::contract
