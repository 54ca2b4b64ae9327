#include "testing/simulator/recipients.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/sha256.h"
#include "testing/simulator/plan.h"

namespace waybill::sim {
namespace {

std::optional<RecipientFate> fate_of(const std::string& address, const std::vector<RecipientRecord>& records) {
  const auto found = std::ranges::find(records, address, &RecipientRecord::address);
  return found == records.end() ? std::nullopt : std::optional(found->outcome.fate);
}

}  // namespace

std::vector<std::string> recipients_of(const MessageId& id) {
  const int byte = sha256(id.value)[0];
  std::vector<std::string> recipients;
  for (int i = 0; i < (byte % 2 == 0 ? 0 : 1 + byte / 2 % 3); ++i) recipients.push_back("r" + std::to_string(i) + "@x");
  return recipients;
}

std::vector<std::string> open_recipients(const MessageId& id, const std::vector<RecipientRecord>& told) {
  auto recipients = recipients_of(id);
  std::erase_if(recipients, [&](const std::string& address) {
    const auto fate = fate_of(address, told);
    return fate && !is_open(*fate);
  });
  return recipients;
}

RecipientRecord recorded_as(const std::string& address, RecipientFate fate) {
  constexpr std::array<int, 4> kCodes = {250, 450, 550, 0};
  return {address, {fate, kCodes.at(static_cast<std::size_t>(fate)), "", "said"}, "relay:25"};
}

HandlerOutcome outcome_for(const MessageId& id, const std::vector<RecipientRecord>& told,
                           const std::vector<RecipientRecord>& recorded) {
  bool delivered = false;
  for (const std::string& address : recipients_of(id)) {
    auto fate = fate_of(address, recorded);
    if (!fate) fate = fate_of(address, told);
    if (fate == RecipientFate::kUnknown) return Unknown{"no answer for " + address};
    if (!fate || fate == RecipientFate::kTryAgain) return Retry{"not yet for " + address, std::nullopt};
    delivered = delivered || fate == RecipientFate::kDelivered;
  }
  if (!delivered) return Fail{kPlannedFailure};
  return Done{"delivered"};
}

}  // namespace waybill::sim
