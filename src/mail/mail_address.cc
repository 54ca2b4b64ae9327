#include "mail/mail_address.h"

#include <arpa/inet.h>
#include <idn2.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "core/names.h"
#include "mail/mail_text.h"

namespace waybill {
namespace {

constexpr std::size_t kAddressBytesMax = 254;  // RFC 3696, erratum 1690: what fits into a forward-path of 256
constexpr std::size_t kLocalBytesMax = 64;     // RFC 5321, 4.5.3.1.1
constexpr std::size_t kLabelBytesMax = 63;     // RFC 1035, 2.3.4
constexpr std::string_view kIpv6Tag = "ipv6:";

bool is_letter_or_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_beyond_ascii(char c) { return static_cast<unsigned char>(c) >= 0x80; }

// RFC 5322, 3.2.3, and RFC 6531, 3.3. Whether more than ASCII is allowed at all is looked at before.
bool is_atom_char(char c) {
  return is_letter_or_digit(c) || is_beyond_ascii(c) ||
         std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

bool is_quotable(char c) { return (c >= 0x20 && c < 0x7f) || is_beyond_ascii(c); }

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
    if (at >= text.size() || !is_quotable(text[at])) return 0;
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

bool is_domain(std::string_view text) {
  return text.starts_with('[') ? is_address_literal(text) : every_dotted_part(text, is_label);
}

struct FreeIdn {
  void operator()(char* text) const { idn2_free(text); }
};

// As the DNS has it; nothing if it cannot be there. Nontransitional: `straße` and `strasse` are two domains.
std::optional<std::string> ascii_domain(std::string_view domain) {
  if (is_ascii(domain)) return std::string(domain);
  char* converted = nullptr;
  const int failed = idn2_to_ascii_8z(std::string(domain).c_str(), &converted, IDN2_NONTRANSITIONAL);
  const std::unique_ptr<char, FreeIdn> owned(converted);
  if (failed != IDN2_OK) return std::nullopt;
  return std::string(owned.get());
}

// What looks like nothing, or like the end of a line, in some script: U+00A0, U+1680, U+2000-200F, U+2028-202F,
// U+205F-206F, U+3000, U+FEFF. The text is valid UTF-8.
bool has_invisible_character(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto rest = text.substr(at);
    const auto last = [&](std::size_t index) { return static_cast<unsigned char>(rest[index]); };
    if (rest.starts_with("\xC2\xA0") || rest.starts_with("\xE1\x9A\x80") || rest.starts_with("\xE3\x80\x80") ||
        rest.starts_with("\xEF\xBB\xBF")) {
      return true;
    }
    if (rest.starts_with("\xE2\x80") && (last(2) <= 0x8F || (last(2) >= 0xA8 && last(2) <= 0xAF))) return true;
    if (rest.starts_with("\xE2\x81") && last(2) >= 0x9F && last(2) <= 0xAF) return true;
  }
  return false;
}

Error refuse(const char* why) { return make_error(ErrorClass::kPermanent, why); }

// The rules that both kinds share.
Status check_parts(std::string_view address) {
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
  const auto domain = ascii_domain(address.substr(length + 1));
  if (!domain || !is_domain(*domain)) {
    return refuse("the part of an address after the @ is neither a domain name nor an IP address in brackets");
  }
  if (length + 1 + domain->size() > kAddressBytesMax) {
    return refuse("an address is longer than 254 bytes when its domain is written in ASCII");
  }
  return ok_status();
}

Status check_characters(std::string_view address) {
  if (address.empty()) return refuse("an address is empty");
  if (!is_valid_utf8(address)) return refuse("an address is not valid UTF-8");
  if (has_control_character(address)) return refuse("an address contains a control character");
  return ok_status();
}

}  // namespace

Status check_mail_address(std::string_view address) {
  if (!address.empty() && !is_ascii(address)) {
    return refuse("internationalised addresses are not supported: an address must be ASCII");
  }
  if (auto status = check_characters(address); !status) return status;
  return check_parts(address);
}

Status check_international_address(std::string_view address) {
  if (auto status = check_characters(address); !status) return status;
  if (has_invisible_character(address)) return refuse("an address contains white space or an invisible character");
  return check_parts(address);
}

bool needs_smtputf8(std::string_view address) {
  return !is_ascii(address.substr(0, address.size() - domain_of(address).size()));
}

std::string dns_domain_of(std::string_view address) { return ascii_domain(domain_of(address)).value_or(""); }

std::string wire_address(std::string_view address) {
  if (is_ascii(address) || needs_smtputf8(address)) return std::string(address);
  return std::string(address.substr(0, address.size() - domain_of(address).size())) + dns_domain_of(address);
}

std::string_view domain_of(std::string_view address) { return address.substr(address.rfind('@') + 1); }

std::string mailbox_key(std::string_view address) {
  const auto domain = domain_of(address);
  const auto known = ascii_domain(domain);
  return std::string(address.substr(0, address.size() - domain.size())) + lower_case(known ? *known : domain);
}

}  // namespace waybill
