#include "testing/recording/copy_names.h"

#include <algorithm>
#include <string_view>

#include "core/headers.h"

namespace waybill::recording {
namespace {

constexpr std::string_view kUnread = "?";  // too large to be taken: its headers are not known

const std::string* original_of(const Message& message) {
  if (!message.id.value.starts_with(kReservedIdPrefix)) return nullptr;
  const auto found = std::ranges::find(message.headers, kHeaderDeadOf, [](const auto& header) { return header.first; });
  return found == message.headers.end() ? nullptr : &found->second;
}

// The row that a write is about, if it is about one that exists already. Append, Adopt and Park bring their own ids.
MessageId* target_of(Write& write) {
  return std::visit(
      [](auto& verb) -> MessageId* {
        if constexpr (requires { verb.fence.id; }) {
          return &verb.fence.id;
        } else if constexpr (requires { verb.id; }) {
          return &verb.id;
        } else {
          return nullptr;
        }
      },
      write);
}

}  // namespace

void CopyNames::learn(const Committed& committed) {
  for (const auto& answer : committed.answers) {
    const auto* taken = answer.ok() ? std::get_if<TakeAnswer>(&*answer) : nullptr;
    if (taken == nullptr) continue;
    for (const auto& row : taken->rows) {
      if (const std::string* original = original_of(row.message)) add(row.message.id, *original);
    }
    for (const auto& [id, reason] : taken->unreadable) {
      if (id.value.starts_with(kReservedIdPrefix)) add(id, std::string(kUnread));
    }
  }
}

const MessageId& CopyNames::name_of(const MessageId& id) const { return find(names_, id); }

Write CopyNames::named(Write write) const {
  if (MessageId* target = target_of(write)) *target = find(names_, *target);
  return write;
}

Write CopyNames::resolved(Write write) const {
  if (MessageId* target = target_of(write)) *target = find(ids_, *target);
  return write;
}

void CopyNames::add(const MessageId& id, const std::string& original) {
  if (names_.contains(id)) return;
  const MessageId name{"copy " + std::to_string(++copies_[original]) + " of " + original};
  names_[id] = name;
  ids_[name] = id;
}

const MessageId& CopyNames::find(const Ids& ids, const MessageId& id) {
  const auto found = ids.find(id);
  return found == ids.end() ? id : found->second;
}

}  // namespace waybill::recording
