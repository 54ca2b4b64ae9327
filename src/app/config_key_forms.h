// What the tables of configuration keys are made of: a key of each kind, with its limits. For config_keys.cc and those
// beside it alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "app/config_keys.h"
#include "app/config_value.h"
#include "core/names.h"

namespace waybill::app::config_key_forms {

inline constexpr std::size_t kKiB = 1U << 10U;
inline constexpr std::size_t kMiB = 1U << 20U;
inline constexpr std::size_t kGiB = 1U << 30U;

template <class T>
struct Limits {
  T least;
  T most;
};

inline Error refuse(std::string message) { return make_error(ErrorClass::kPermanent, std::move(message)); }

template <class T, class Format>
Status within(const std::string& text, T value, const Limits<T>& limits, Format format) {
  if (value >= limits.least && value <= limits.most) return ok_status();
  return refuse("'" + text + "' is out of range; allowed is " + format(limits.least) + " to " + format(limits.most));
}

template <class Field>
ConfigKey duration(std::string_view name, std::string_view fallback, Limits<Duration> limits, std::string_view help,
                   Field field) {
  return {name, fallback, ValueKind::kDuration, help, false, [=](Config& config, const std::string& text) {
            const auto value = parse_duration(text);
            if (!value.ok()) return Status(value.error());
            auto fits = within(text, *value, limits, format_duration);
            if (fits.ok()) *field(config) = *value;
            return fits;
          }};
}

template <class Field>
ConfigKey size(std::string_view name, std::string_view fallback, Limits<std::size_t> limits, std::string_view help,
               Field field) {
  return {name, fallback, ValueKind::kSize, help, false, [=](Config& config, const std::string& text) {
            const auto value = parse_size(text);
            if (!value.ok()) return Status(value.error());
            auto fits = within(text, *value, limits, format_size);
            if (fits.ok()) *field(config) = *value;
            return fits;
          }};
}

template <class Field>
ConfigKey count(std::string_view name, std::string_view fallback, Limits<std::int64_t> limits, std::string_view help,
                Field field) {
  return {name, fallback, ValueKind::kCount, help, false, [=](Config& config, const std::string& text) {
            const auto value = parse_count(text);
            if (!value.ok()) return Status(value.error());
            auto fits = within(text, *value, limits, [](std::int64_t number) { return std::to_string(number); });
            if (fits.ok()) *field(config) = static_cast<std::remove_pointer_t<decltype(field(config))>>(*value);
            return fits;
          }};
}

// Names of exchanges, queues and keys: AMQP's short strings, without what cannot be read on a screen.
inline Status check_name(const std::string& text) {
  if (text.empty() || text.size() > 255) return refuse("'" + text + "' must have 1 to 255 bytes");
  if (!is_valid_utf8(text)) return refuse("the name is not valid UTF-8");
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return refuse("the name contains a control character");
  }
  return ok_status();
}

template <class Field>
ConfigKey name_of(std::string_view name, std::string_view fallback, std::string_view help, Field field) {
  return {name, fallback, ValueKind::kText, help, false, [=](Config& config, const std::string& text) {
            auto fits = check_name(text);
            if (fits.ok()) *field(config) = text;
            return fits;
          }};
}

template <class Field>
ConfigKey path(std::string_view name, std::string_view fallback, bool may_be_empty, std::string_view help,
               Field field) {
  return {name, fallback, ValueKind::kPath, help, false, [=](Config& config, const std::string& text) {
            if (text.empty() && !may_be_empty) return Status(refuse("it is empty; name a place in the file system"));
            if (text.find('\0') != std::string::npos) return Status(refuse("a path cannot contain a zero byte"));
            *field(config) = text;
            return ok_status();
          }};
}

/// A key with a parser of its own.
template <class Parser>
ConfigKey parsed(std::string_view name, std::string_view fallback, ValueKind kind, Parser parser,
                 std::string_view help) {
  return {name, fallback, kind, help, false, parser};
}

inline ConfigKey shown_as(std::string (*shown)(std::string_view), ConfigKey key) {
  key.shown = shown;
  return key;
}

inline ConfigKey secret(ConfigKey key) {
  key.secret = true;
  return key;
}

}  // namespace waybill::app::config_key_forms
