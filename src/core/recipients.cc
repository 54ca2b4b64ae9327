#include "core/recipients.h"

#include <array>

#include "core/names.h"

namespace waybill {
namespace {

constexpr std::size_t kReplyMax = 500;
constexpr std::size_t kRelayMax = 300;
constexpr std::size_t kEnhancedMax = 32;

Error refuse(std::string why) { return make_error(ErrorClass::kPermanent, std::move(why)); }

}  // namespace

std::string_view to_string(RecipientFate fate) {
  constexpr std::array<std::string_view, 4> kNames = {"delivered", "deferred", "refused", "unknown"};
  return kNames.at(static_cast<std::size_t>(fate));
}

bool replaces(const RecipientRecord& kept, const RecipientRecord& told) {
  switch (kept.outcome.fate) {
    case RecipientFate::kDelivered:
      return false;
    case RecipientFate::kRefused:
      return told.outcome.fate == RecipientFate::kDelivered;
    case RecipientFate::kTryAgain:
    case RecipientFate::kUnknown:
      break;
  }
  return kept != told;
}

Status check_recipients(std::span<const RecipientRecord> recipients) {
  if (recipients.size() > kRecipientsMax) {
    return refuse("the outcomes of " + std::to_string(recipients.size()) + " recipients were reported; " +
                  std::to_string(kRecipientsMax) + " are the most that one attempt can have");
  }
  for (const auto& recipient : recipients) {
    const std::string& address = recipient.address;
    if (address.empty()) return refuse("a recipient's outcome was reported without its address");
    if (address.size() > kRecipientAddressMax) {
      return refuse("a recipient's address has " + std::to_string(address.size()) + " bytes; at most " +
                    std::to_string(kRecipientAddressMax) + " can be recorded");
    }
    if (!is_valid_utf8(address) || address.find('\0') != std::string::npos) {
      return refuse("a recipient's address is not UTF-8 without a zero byte");
    }
  }
  return ok_status();
}

RecipientRecord fit_to_keep(RecipientRecord record) {
  record.outcome.text = as_utf8(cut_to(record.outcome.text, kReplyMax));
  record.outcome.enhanced = as_utf8(cut_to(record.outcome.enhanced, kEnhancedMax));
  record.relay = as_utf8(cut_to(record.relay, kRelayMax));
  return record;
}

}  // namespace waybill
