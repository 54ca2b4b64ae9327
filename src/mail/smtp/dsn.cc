#include "mail/smtp/dsn.h"

#include <algorithm>

namespace waybill::smtp {
namespace {

constexpr std::size_t kEnvidMax = 100;

bool is_printable(char c) { return c >= 0x20 && c < 0x7f; }

}  // namespace

Result<DsnWish> parse_dsn_wish(const std::vector<std::string>& words) {
  const auto refuse = [](const std::string& why) { return make_error(ErrorClass::kPermanent, why); };
  DsnWish wish;
  for (const auto& word : words) {
    if (word == "success") {
      wish.success = true;
    } else if (word == "failure") {
      wish.failure = true;
    } else if (word == "delay") {
      wish.delay = true;
    } else if (word == "never") {
      wish.never = true;
    } else {
      return refuse("'" + word + "' is nothing to be told of; write success, failure and delay, or never");
    }
  }
  if (wish.never && words.size() > 1) return refuse("never stands alone; write never, or some of the others");
  return wish;
}

std::string xtext(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_printable(c) && c != ' ' && c != '+' && c != '=') {
      encoded += c;
    } else {
      encoded += {'+', kDigits[byte >> 4U], kDigits[byte & 0xfU]};
    }
  }
  return encoded;
}

std::string dsn_of_mail(const DsnWish& wish, std::string_view id) {
  if (wish == DsnWish{}) return {};
  std::string parameters = " RET=HDRS";
  const std::string envid = xtext(id);
  const bool fits = !id.empty() && envid.size() <= kEnvidMax && std::all_of(id.begin(), id.end(), is_printable);
  return fits ? parameters + " ENVID=" + envid : parameters;
}

std::string dsn_of_recipient(const DsnWish& wish) {
  if (wish.never) return " NOTIFY=NEVER";
  std::string notify;
  const auto add = [&notify](bool wanted, std::string_view word) {
    if (wanted) notify += (notify.empty() ? " NOTIFY=" : ",") + std::string(word);
  };
  add(wish.success, "SUCCESS");
  add(wish.failure, "FAILURE");
  add(wish.delay, "DELAY");
  return notify;
}

}  // namespace waybill::smtp
