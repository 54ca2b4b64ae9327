// Whatever bytes a mail server sends: they become bounded replies or end the session, pieces of any size make the same
// of them, and a dialogue that hears them ends, lets its content leave only when granted, and tells a fate of everyone.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "core/names.h"
#include "mail/smtp/dialogue.h"
#include "mail/smtp/extensions.h"
#include "mail/smtp/reply_parser.h"

namespace waybill::smtp {
namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

void check_text(std::string_view text) {
  require(is_valid_utf8(text) && text.size() <= 3 * kReplyTextMax, "text fit to show");
  for (const char c : text) require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f, "text of one line");
}

struct Parsed {
  std::vector<Reply> replies;
  bool failed = false;
  bool operator==(const Parsed&) const = default;
};

Parsed parse(std::string_view bytes, std::size_t piece) {
  ReplyParser parser;
  Parsed parsed;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    parser.feed(bytes.substr(at, piece));
    for (;;) {
      auto next = parser.next();
      if (!next) {
        check_text(next.error().message);
        parsed.failed = true;
        return parsed;
      }
      if (!next->has_value()) break;
      const Reply& reply = **next;
      require(reply.code >= 200 && reply.code <= 599, "the code");
      require(reply.enhanced.size() <= 9 && reply.text.size() <= kReplyTextMax, "bounded");
      require(reply.enhanced.empty() || reply.enhanced[0] - '0' == reply.severity(), "the class");
      check_text(reply.text);
      parsed.replies.push_back(reply);
    }
  }
  return parsed;
}

void check_result(const DialogueResult& result, std::size_t recipients, bool dot_out) {
  require(result.recipients.size() == recipients, "a fate of everyone");
  require(!result.reusable || result.trouble == Trouble::kNone, "no use after trouble");
  check_text(result.reason);
  for (const auto& outcome : result.recipients) {
    check_text(outcome.text);
    const bool left = outcome.fate == RecipientFate::kDelivered || outcome.fate == RecipientFate::kUnknown;
    require(!left || dot_out, "nothing is delivered without a dot");
    require(outcome.fate != RecipientFate::kDelivered || outcome.code / 100 == 2, "delivered by a 2xx");
    require(outcome.fate != RecipientFate::kRefused || outcome.code / 100 == 5 || outcome.code == 0,
            "refused by a 5xx");
  }
}

// The server's bytes in pieces; one is heard whenever the dialogue has nothing to write.
void check_dialogue(std::string_view bytes, std::size_t piece, bool pipelining, bool granted) {
  const auto content = make_wire_content("h: v\r\n\r\n.\r\n");
  DialogueOptions options;
  options.recipients_max = 2;
  options.reset_first = piece == 3;
  options.dsn.failure = true;
  options.envelope_id = std::string(bytes.substr(0, 64));
  MonoTime now{std::chrono::hours(1)};
  Dialogue dialogue({.pipelining = pipelining, .dsn = true}, "s@x", {"a@x", "b@x", "c@x"}, *content, options, now);
  bool asked = false;
  bool dot_out = false;
  for (int turns = 0; !dialogue.finished(); ++turns) {
    require(turns < 100'000, "an end");
    if (dialogue.wants_effect()) {
      require(!asked, "the effect is asked for once");
      asked = true;
      dialogue.on_effect(granted, now);
    } else if (const auto out = dialogue.to_write(); !out.empty()) {
      const bool leaves = out.ends_with("..\r\n.\r\n");
      require(leaves || std::all_of(out.begin(), out.end(),
                                    [](char c) { return (c >= 0x20 && c < 0x7f) || c == '\r' || c == '\n'; }),
              "commands of ASCII");
      require(leaves || static_cast<std::size_t>(std::count(out.begin(), out.end(), '\n')) <= 5, "one line a command");
      require(!leaves || (asked && granted), "content leaves only when granted");
      dot_out = dot_out || leaves;
      dialogue.on_written(out.size(), now);
    } else if (!bytes.empty()) {
      dialogue.on_received(bytes.substr(0, piece), now);
      bytes.remove_prefix(std::min(piece, bytes.size()));
    } else {
      now = dialogue.deadline();
      dialogue.on_deadline();
    }
  }
  check_result(dialogue.result(), 3, dot_out);
}

}  // namespace
}  // namespace waybill::smtp

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace waybill::smtp;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto whole = parse(bytes, size + 1);
  for (const std::size_t piece : {1, 3, 7}) require(parse(bytes, piece) == whole, "pieces make the same replies");
  for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, size + 1}) {
    check_dialogue(bytes, piece, true, true);
    check_dialogue(bytes, piece, false, true);
  }
  check_dialogue(bytes, 9, true, false);
  ExtensionListener listener;
  for (std::size_t at = 0; at < size;) {
    const auto end = std::min(bytes.find('\n', at), size - 1) + 1;
    listener.hear(bytes.substr(at, end - at));
    at = end;
  }
  check_text(listener.last_refusal());
  return 0;
}
