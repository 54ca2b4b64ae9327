#include "api/access.h"

#include <algorithm>

#include "api/http_message.h"

namespace waybill::api {
namespace {

constexpr std::size_t kTokenBytesMin = 16;
constexpr std::string_view kScheme = "Bearer ";

bool equal_in_constant_time(const Sha256& left, const Sha256& right) {
  std::uint8_t difference = 0;
  for (std::size_t i = 0; i < left.size(); ++i)
    difference = static_cast<std::uint8_t>(difference | (left[i] ^ right[i]));
  return difference == 0;
}

bool is_token_character(char c) { return c > 0x20 && c < 0x7f; }

}  // namespace

Access::Access(const std::vector<std::string>& tokens) {
  for (const std::string& token : tokens) digests_.push_back(sha256(token));
}

bool Access::allows(std::optional<std::string_view> authorization) const {
  if (open()) return true;
  if (!authorization || !equal_ignoring_case(authorization->substr(0, kScheme.size()), kScheme)) return false;
  const Sha256 offered = sha256(trim(authorization->substr(kScheme.size())));
  bool known = false;
  for (const Sha256& digest : digests_) known |= equal_in_constant_time(digest, offered);
  return known;
}

Result<std::vector<std::string>> parse_tokens(std::string_view text) {
  std::vector<std::string> tokens;
  int number = 0;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    const std::string_view token = trim(line);
    if (token.empty() || token.starts_with('#')) continue;
    const auto refuse = [&](const char* why) {
      return make_error(ErrorClass::kPermanent, "the token in line " + std::to_string(number) + " " + why);
    };
    if (token.size() < kTokenBytesMin) return refuse("is shorter than 16 characters");
    if (!std::all_of(token.begin(), token.end(), is_token_character)) {
      return refuse("holds something other than visible ASCII characters");
    }
    tokens.emplace_back(token);
  }
  if (tokens.empty()) return make_error(ErrorClass::kPermanent, "the token file holds no token; write one a line");
  return tokens;
}

}  // namespace waybill::api
