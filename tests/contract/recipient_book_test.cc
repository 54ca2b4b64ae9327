// The contract of the book of recipients, held by the one in memory; and wrong books, each of which some case must
// catch.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "testing/memory_recipient_book.h"
#include "tests/contract/recipient_book_suite.h"

namespace waybill::contract {
namespace {

using smtp::MemoryRecipientBook;
using smtp::RecipientBook;
using smtp::RecipientFate;
using smtp::RecipientRecord;

/// A book that does otherwise than the one it stands on.
class WrongBook : public RecipientBook {
 public:
  Result<std::vector<RecipientRecord>> read(const MessageId& id, const std::vector<std::string>& to) override {
    return right_.read(id, to);
  }
  Status record(const MessageId& id, const std::vector<RecipientRecord>& records) override {
    return right_.record(id, records);
  }
  virtual void crash() {}

 protected:
  MemoryRecipientBook right_;
};

class Forgets final : public WrongBook {
 public:
  Status record(const MessageId& id, const std::vector<RecipientRecord>& records) override {
    return lost_ ? ok_status() : WrongBook::record(id, records);
  }
  Result<std::vector<RecipientRecord>> read(const MessageId& id, const std::vector<std::string>& to) override {
    return lost_ ? MemoryRecipientBook().read(id, to) : WrongBook::read(id, to);
  }
  void crash() override { lost_ = true; }

 private:
  bool lost_ = false;
};

class MixesMails final : public WrongBook {
 public:
  Status record(const MessageId&, const std::vector<RecipientRecord>& records) override {
    return right_.record({"1"}, records);
  }
  Result<std::vector<RecipientRecord>> read(const MessageId&, const std::vector<std::string>& to) override {
    return right_.read({"1"}, to);
  }
};

class FoldsCase final : public WrongBook {
 public:
  Status record(const MessageId& id, const std::vector<RecipientRecord>& records) override {
    auto folded = records;
    for (auto& one : folded) one.address = lower(one.address);
    return right_.record(id, folded);
  }
  Result<std::vector<RecipientRecord>> read(const MessageId& id, const std::vector<std::string>& to) override {
    std::vector<std::string> folded;
    for (const auto& address : to) folded.push_back(lower(address));
    return right_.read(id, folded);
  }

 private:
  static std::string lower(std::string text) {
    for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
  }
};

class TakesTheLatest final : public WrongBook {
 public:
  Status record(const MessageId& id, const std::vector<RecipientRecord>& records) override {
    for (const auto& one : records) {
      std::erase_if(kept_, [&](const auto& old) { return old.first == id.value && old.second.address == one.address; });
      kept_.emplace_back(id.value, one);
    }
    return ok_status();
  }
  Result<std::vector<RecipientRecord>> read(const MessageId& id, const std::vector<std::string>& to) override {
    std::vector<RecipientRecord> found;
    for (const auto& address : to) {
      const auto kept = std::find_if(kept_.begin(), kept_.end(), [&](const auto& one) {
        return one.first == id.value && one.second.address == address;
      });
      found.push_back(kept == kept_.end() ? RecipientRecord{address, {}, ""} : kept->second);
    }
    return found;
  }

 private:
  std::vector<std::pair<std::string, RecipientRecord>> kept_;
};

class KeepsTheFirst final : public WrongBook {
 public:
  Status record(const MessageId& id, const std::vector<RecipientRecord>& records) override {
    std::vector<RecipientRecord> fresh;
    for (const auto& one : records) {
      if ((*right_.read(id, {one.address}))[0].relay.empty()) fresh.push_back(one);
    }
    return right_.record(id, fresh);
  }
};

template <class Book>
class Harness final : public RecipientBookHarness {
 public:
  RecipientBook& book() override { return book_; }
  MessageId new_mail(const std::vector<std::string>&) override { return {"mail-" + std::to_string(++mails_)}; }
  void reopen() override {
    if constexpr (std::is_base_of_v<WrongBook, Book>) book_.crash();
  }

 private:
  Book book_;
  int mails_ = 0;
};

template <class Book>
std::unique_ptr<RecipientBookHarness> make() {
  return std::make_unique<Harness<Book>>();
}

[[maybe_unused]] const bool kMemory = register_recipient_book_suite("MemoryRecipientBook", make<MemoryRecipientBook>);

// The first case that a book does not pass.
std::string caught_by(const MakeRecipientBookHarness& make_harness) {
  for (const auto& book_case : recipient_book_cases()) {
    try {
      book_case.run(*make_harness());
    } catch (const ContractViolation&) {
      return book_case.name;
    }
  }
  return "nothing";
}

TEST(AWrongRecipientBook, IsCaughtByTheSuite) {
  EXPECT_EQ(caught_by(make<WrongBook>), "nothing") << "it does nothing wrong by itself";
  EXPECT_EQ(caught_by(make<Forgets>), "RecordsOutliveACrash");
  EXPECT_EQ(caught_by(make<MixesMails>), "MailsDoNotMix");
  EXPECT_EQ(caught_by(make<FoldsCase>), "AddressesAreComparedBytewise");
  EXPECT_EQ(caught_by(make<TakesTheLatest>), "ADeliveryStaysOne");
  EXPECT_EQ(caught_by(make<KeepsTheFirst>), "ARefusalMayOnlyBecomeADelivery");
}

}  // namespace
}  // namespace waybill::contract
