#include "base/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <memory>

namespace waybill {
namespace {

constexpr std::array<std::string_view, 4> kLevelNames = {"debug", "info", "warning", "error"};

std::atomic<LogLevel> g_level{LogLevel::kInfo};
std::atomic<LogFormat> g_format{LogFormat::kText};

std::string_view name_of(LogLevel level) { return kLevelNames.at(static_cast<std::size_t>(level)); }

struct CodePoint {
  char32_t value = 0;
  std::size_t length = 0;  // 0: the bytes are not UTF-8
};

// RFC 3629, strictly: overlong forms and surrogates are not UTF-8.
CodePoint decode(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return {};
  char32_t value = lead & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xC0U) != 0x80) return {};
    value = value << 6U | (byte & 0x3FU);
  }
  constexpr std::array<char32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  if (value < kLeast[length] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return {};
  return {value, length};
}

// Controls (C0, C1), the line separators of Unicode and its marks that turn the direction of text.
bool forges(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029 || (c >= 0x202A && c <= 0x202E) ||
         (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

void append_hex(std::string& out, const char* format, unsigned value) {
  std::array<char, 12> text{};
  std::snprintf(text.data(), text.size(), format, value);
  out += text.data();
}

enum class Form { kPlain, kQuoted, kJson };

void append_escaped(std::string& out, std::string_view text, Form form) {
  while (!text.empty()) {
    const CodePoint c = decode(text);
    if (c.length == 0) {
      if (form == Form::kJson) {
        out += "\\ufffd";  // JSON knows no bytes
      } else {
        append_hex(out, "\\x%02x", static_cast<unsigned char>(text[0]));
      }
      text.remove_prefix(1);
      continue;
    }
    if (form != Form::kPlain && (c.value == '"' || c.value == '\\')) {
      out += '\\';
      out += text[0];
    } else if (c.value == '\n') {
      out += "\\n";
    } else if (forges(c.value)) {
      append_hex(out, "\\u%04x", static_cast<unsigned>(c.value));
    } else {
      out += text.substr(0, c.length);
    }
    text.remove_prefix(c.length);
  }
}

void append_quoted(std::string& out, std::string_view text, Form form) {
  out += '"';
  append_escaped(out, text, form);
  out += '"';
}

bool needs_quotes(std::string_view text) {
  if (text.empty()) return true;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7F || c == '"' || c == '\\' || c == '=') return true;
  }
  return false;
}

void append_text_field(std::string& out, const LogField& field) {
  out += ' ';
  out += field.name;
  out += '=';
  if (!field.bare && needs_quotes(field.value)) {
    append_quoted(out, field.value, Form::kQuoted);
  } else {
    out += field.value;
  }
}

void append_json_field(std::string& out, std::string_view name, std::string_view value, bool bare) {
  out += out.empty() ? "{" : ",";
  append_quoted(out, name, Form::kJson);
  out += ':';
  if (bare) {
    out += value;
  } else {
    append_quoted(out, value, Form::kJson);
  }
}

spdlog::logger& sink() {
  static const std::unique_ptr<spdlog::logger> logger = [] {
    auto made = std::make_unique<spdlog::logger>("waybill", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    made->set_level(spdlog::level::trace);
    return made;
  }();
  return *logger;
}

}  // namespace

std::optional<LogLevel> parse_log_level(std::string_view text) {
  for (std::size_t i = 0; i < kLevelNames.size(); ++i) {
    if (kLevelNames[i] == text) return static_cast<LogLevel>(i);
  }
  return std::nullopt;
}

std::optional<LogFormat> parse_log_format(std::string_view text) {
  if (text == "text") return LogFormat::kText;
  if (text == "json") return LogFormat::kJson;
  return std::nullopt;
}

void configure_log(const LogOptions& options) {
  g_level = options.level;
  g_format = options.format;
}

bool log_enabled(LogLevel level) { return level >= g_level.load(std::memory_order_relaxed); }

void log_event(LogLevel level, std::string_view component, std::string_view message,
               std::initializer_list<LogField> fields) {
  if (!log_enabled(level)) return;
  sink().info(spdlog::string_view_t(format_log_line(g_format.load(std::memory_order_relaxed), SystemWallClock().now(),
                                                    level, component, message, fields)));
}

std::string escape_line(std::string_view text) {
  std::string escaped;
  append_escaped(escaped, text, Form::kPlain);
  return escaped;
}

std::string format_log_line(LogFormat format, WallTime now, LogLevel level, std::string_view component,
                            std::string_view message, std::initializer_list<LogField> fields) {
  std::string line;
  if (format == LogFormat::kJson) {
    append_json_field(line, "time", to_rfc3339(now), false);
    append_json_field(line, "level", name_of(level), false);
    append_json_field(line, "component", component, false);
    append_json_field(line, "message", message, false);
    for (const LogField& field : fields) append_json_field(line, field.name, field.value, field.bare);
    return line + "}";
  }
  line = to_rfc3339(now) + " ";
  line += name_of(level);
  line += ' ';
  line += component;
  line += ": ";
  append_escaped(line, message, Form::kPlain);
  for (const LogField& field : fields) append_text_field(line, field);
  return line;
}

}  // namespace waybill
