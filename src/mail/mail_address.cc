#include "mail/mail_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace waybill {
namespace {

constexpr std::size_t kAddressBytesMax = 254;  // RFC 3696, erratum 1690: what fits into a forward-path of 256
constexpr std::size_t kLocalBytesMax = 64;     // RFC 5321, 4.5.3.1.1
constexpr std::size_t kLabelBytesMax = 63;     // RFC 1035, 2.3.4
constexpr std::string_view kIpv6Tag = "ipv6:";

bool is_letter_or_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), to_lower);
  return lower;
}

// RFC 5322, 3.2.3.
bool is_atom_char(char c) {
  return is_letter_or_digit(c) || std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

bool is_printable(char c) { return c >= 0x20 && c < 0x7f; }

bool is_atom(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_atom_char); }

// RFC 1123, 2.1: letters, digits and inner hyphens.
bool is_label(std::string_view text) {
  if (text.empty() || text.size() > kLabelBytesMax || text.front() == '-' || text.back() == '-') return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return is_letter_or_digit(c) || c == '-'; });
}

template <class Predicate>
bool every_dotted_part(std::string_view text, Predicate fits) {
  for (;;) {
    const auto dot = text.find('.');
    if (!fits(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

// Length of the quoted string that the text begins with, quotes included; 0 if it is not one (RFC 5321, 4.1.2).
std::size_t quoted_string_length(std::string_view text) {
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '"') return at + 1;
    if (text[at] == '\\') ++at;
    if (at >= text.size() || !is_printable(text[at])) return 0;
  }
  return 0;
}

bool is_ip_address(int family, std::string_view text) {
  std::array<unsigned char, sizeof(in6_addr)> parsed{};
  return ::inet_pton(family, std::string(text).c_str(), parsed.data()) == 1;
}

bool is_address_literal(std::string_view text) {
  if (text.size() < 2 || text.back() != ']') return false;
  const auto inner = text.substr(1, text.size() - 2);
  if (lower_case(inner.substr(0, kIpv6Tag.size())) == kIpv6Tag) {
    return is_ip_address(AF_INET6, inner.substr(kIpv6Tag.size()));
  }
  return is_ip_address(AF_INET, inner);
}

// Where the `@` between local part and domain must stand.
std::size_t local_part_length(std::string_view address) {
  if (address.starts_with('"')) return quoted_string_length(address);
  const auto at = address.find('@');
  return at == std::string_view::npos ? 0 : at;
}

}  // namespace

Status check_mail_address(std::string_view address) {
  const auto refuse = [](const char* why) { return make_error(ErrorClass::kPermanent, why); };
  if (address.empty()) return refuse("an address is empty");
  for (const char c : address) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return refuse("an address contains a control character");
    if (static_cast<unsigned char>(c) >= 0x80) {
      return refuse("internationalised addresses are not supported: an address must be ASCII");
    }
  }
  if (address.size() > kAddressBytesMax) return refuse("an address is longer than 254 bytes");
  const auto length = local_part_length(address);
  if (length == 0 || length >= address.size() || address[length] != '@') {
    return refuse("an address is not of the form name@domain");
  }
  const auto local = address.substr(0, length);
  if (local.size() > kLocalBytesMax) return refuse("the part of an address before the @ is longer than 64 bytes");
  if (!local.starts_with('"') && !every_dotted_part(local, is_atom)) {
    return refuse("the part of an address before the @ contains what needs double quotes, or misplaced dots");
  }
  const auto domain = address.substr(length + 1);
  if (domain.starts_with('[') ? !is_address_literal(domain) : !every_dotted_part(domain, is_label)) {
    return refuse("the part of an address after the @ is neither a domain name nor an IP address in brackets");
  }
  return ok_status();
}

std::string_view domain_of(std::string_view address) { return address.substr(address.rfind('@') + 1); }

std::string mailbox_key(std::string_view address) {
  const auto domain = domain_of(address);
  return std::string(address.substr(0, address.size() - domain.size())) + lower_case(domain);
}

}  // namespace waybill
