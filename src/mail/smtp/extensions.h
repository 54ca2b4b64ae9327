// What a server offers beyond plain SMTP, as it answered EHLO (RFC 5321, 4.1.1.1). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace waybill::smtp {

struct Extensions {
  bool pipelining = false;
  bool eight_bit_mime = false;
  bool smtp_utf8 = false;
  bool size = false;
  std::uint64_t size_max = 0;  ///< bytes; 0: no limit was told
  bool dsn = false;            ///< RFC 3461
  bool auth = false;           ///< some way to log in is offered
  bool operator==(const Extensions&) const = default;
};

/// Listens to the lines of a session's beginning and keeps those of its last answer to EHLO: after STARTTLS the earlier
/// one counts no more (RFC 3207, 4.2). Only answers to EHLO have the code 250 there.
class ExtensionListener {
 public:
  /// One line, with or without its end.
  void hear(std::string_view line);
  [[nodiscard]] const Extensions& offered() const { return offered_; }
  /// The last line that refused something, fit to show; empty if none did.
  [[nodiscard]] const std::string& last_refusal() const { return last_refusal_; }

 private:
  void hear_keyword(std::string_view text);

  Extensions offered_;
  bool inside_ = false;  // an answer to EHLO has begun and not ended
  std::string last_refusal_;
};

}  // namespace waybill::smtp
