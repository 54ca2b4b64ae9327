#include "mail/smtp/mail_outcome.h"

#include <algorithm>
#include <string>

#include "mail/smtp/reply_parser.h"

namespace waybill::smtp {
namespace {

constexpr std::size_t kTold = 3;  // recipients by name; a result stays readable

std::size_t count(const std::vector<RecipientRecord>& recipients, RecipientFate fate) {
  return static_cast<std::size_t>(std::count_if(recipients.begin(), recipients.end(),
                                                [fate](const auto& one) { return one.outcome.fate == fate; }));
}

std::string reply_of(const RecipientRecord& recipient) {
  const auto& outcome = recipient.outcome;
  std::string text = outcome.code == 0 ? outcome.enhanced : to_string(Reply{outcome.code, outcome.enhanced, ""});
  if (!text.empty() && !outcome.text.empty()) text += ' ';
  return text + outcome.text;
}

// `a@x: 550 5.1.1 no such user (mx.test:25); …`
std::string told(const std::vector<RecipientRecord>& recipients, RecipientFate fate) {
  std::string text;
  std::size_t left = kTold;
  for (const auto& recipient : recipients) {
    if (recipient.outcome.fate != fate) continue;
    if (left-- == 0) return text + "; and others";
    if (!text.empty()) text += "; ";
    text += recipient.address + ": " + reply_of(recipient);
    if (!recipient.relay.empty()) text += " (" + recipient.relay + ")";
  }
  return text;
}

std::string done_text(const std::vector<RecipientRecord>& recipients) {
  const auto delivered = std::find_if(recipients.begin(), recipients.end(),
                                      [](const auto& one) { return one.outcome.fate == RecipientFate::kDelivered; });
  std::string text = delivered->relay + ": " + reply_of(*delivered);
  if (const auto refused = count(recipients, RecipientFate::kRefused); refused > 0) {
    text += "; refused for " + std::to_string(refused) + " of " + std::to_string(recipients.size()) +
            " recipients: " + told(recipients, RecipientFate::kRefused);
  }
  return text;
}

}  // namespace

HandlerOutcome outcome_of(const std::vector<RecipientRecord>& recipients) {
  if (count(recipients, RecipientFate::kUnknown) > 0) return Unknown{told(recipients, RecipientFate::kUnknown)};
  if (count(recipients, RecipientFate::kTryAgain) > 0) return Retry{told(recipients, RecipientFate::kTryAgain), {}};
  if (count(recipients, RecipientFate::kDelivered) > 0) return Done{done_text(recipients)};
  return Fail{told(recipients, RecipientFate::kRefused)};
}

}  // namespace waybill::smtp
