// Drives a dialogue by hand: what it writes, what it is answered, and the clock.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mail/smtp/dialogue.h"

namespace waybill::smtp {

class DialogueRig {
 public:
  struct Options {
    Extensions offered;
    std::string from = "s@x";
    std::vector<std::string> to = {"a@x"};
    std::string mail = "h: v\r\n\r\nbody\r\n";
    DialogueOptions dialogue;
  };
  explicit DialogueRig(Options options)
      : content(*make_wire_content(options.mail)),
        dialogue(options.offered, options.from, options.to, content, options.dialogue, now) {}

  /// All that it wants to write now.
  std::string written() {
    std::string all;
    while (!dialogue.to_write().empty()) {
      const std::string some(dialogue.to_write());
      all += some;
      dialogue.on_written(some.size(), now);
    }
    return all;
  }
  void hear(const std::string& bytes) { dialogue.on_received(bytes, now); }
  /// Grants the effect if it is asked for, and gives what is then written.
  std::string grant(bool granted = true) {
    if (!dialogue.wants_effect()) return "not asked";
    dialogue.on_effect(granted, now);
    return written();
  }
  void pass(Duration time) {
    now += time;
    if (!dialogue.finished() && now >= dialogue.deadline()) dialogue.on_deadline();
  }
  [[nodiscard]] RecipientFate fate(std::size_t place = 0) const { return dialogue.result().recipients.at(place).fate; }
  [[nodiscard]] std::string text(std::size_t place = 0) const { return dialogue.result().recipients.at(place).text; }

  MonoTime now{std::chrono::hours(1)};
  WireContent content;
  Dialogue dialogue;
};

inline Extensions pipelining() { return {.pipelining = true}; }

}  // namespace waybill::smtp
