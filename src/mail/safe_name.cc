#include "mail/safe_name.h"

#include <algorithm>

#include "base/sha256.h"

namespace waybill {
namespace {

constexpr std::size_t kPlainBytesMax = 64;

bool is_plain(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

}  // namespace

std::string safe_name(const MessageId& id) {
  const auto& text = id.value;
  const bool plain = !text.empty() && text.size() <= kPlainBytesMax && std::all_of(text.begin(), text.end(), is_plain);
  return plain ? text : "sha256=" + to_hex(sha256(text));
}

}  // namespace waybill
