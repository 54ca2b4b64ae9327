// Logging: one line an event, to stderr, as text or as JSON. The one process-wide object of the house: what it writes
// decides nothing. Values are escaped, so that no value can forge a line, a field or a terminal sequence (CWE-117).
//
//   log_event(LogLevel::kWarning, "publisher", "route closed", {{"exchange", route.exchange}, {"code", code}});
//
// Always the message id where there is one; bodies and secrets never.
#pragma once

#include <concepts>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace waybill {

enum class LogLevel {
  kDebug,    ///< per message
  kInfo,     ///< life cycle
  kWarning,  ///< degraded
  kError,    ///< someone must act
};
enum class LogFormat { kText, kJson };

/// `debug`, `info`, `warning`, `error`; `text`, `json`.
[[nodiscard]] std::optional<LogLevel> parse_log_level(std::string_view text);
[[nodiscard]] std::optional<LogFormat> parse_log_format(std::string_view text);

/// One `name=value`. Names are constants of the code; values may be anything.
struct LogField {
  LogField(std::string_view field_name, std::string_view text) : name(field_name), value(text) {}
  LogField(std::string_view field_name, const std::string& text) : name(field_name), value(text) {}
  LogField(std::string_view field_name, const char* text) : name(field_name), value(text) {}
  LogField(std::string_view field_name, bool truth) : name(field_name), value(truth ? "true" : "false"), bare(true) {}
  template <std::integral Integer>
  requires(!std::same_as<Integer, bool>) LogField(std::string_view field_name, Integer number)
      : name(field_name), value(std::to_string(number)), bare(true) {}
  /// Written in whole milliseconds; the name says so (`wait_ms`).
  LogField(std::string_view field_name, Duration time) : LogField(field_name, time.count()) {}

  std::string_view name;
  std::string value;
  bool bare = false;  ///< a number or a truth value: never quoted
};

struct LogOptions {
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kText;
};

/// Before any other thread starts; until then the defaults hold.
void configure_log(const LogOptions& options);
[[nodiscard]] bool log_enabled(LogLevel level);

/// Any thread. Never fails: a line that cannot be written is dropped.
void log_event(LogLevel level, std::string_view component, std::string_view message,
               std::initializer_list<LogField> fields = {});

/// `text` without anything that could begin a new line, hide or turn text, or drive a terminal: such characters and
/// bytes that are not UTF-8 are written as \n, \u001b, \xff; `"` and `\` stay.
[[nodiscard]] std::string escape_line(std::string_view text);

/// The line that log_event writes, without its newline.
[[nodiscard]] std::string format_log_line(LogFormat format, WallTime now, LogLevel level, std::string_view component,
                                          std::string_view message, std::initializer_list<LogField> fields);

}  // namespace waybill
