// Texts of statements. Values become literals that mean the same to MariaDB and MySQL under the session that Connection
// sets up (utf8mb4, backslash escapes, UTC); statements of many rows have no other form that both take in one round.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "core/delivery_state.h"
#include "core/message.h"
#include "core/names.h"

namespace waybill::mariadb {

struct Null {};
/// Bytes, to tell them from text.
struct Bytes {
  std::string_view bytes;
};

void append(std::string& out, Null value);
void append(std::string& out, Bytes value);
void append(std::string& out, std::string_view value);
void append(std::string& out, std::int64_t value);
void append(std::string& out, WallTime value);
void append(std::string& out, const Digest& value);
inline void append(std::string& out, const std::string& value) { append(out, std::string_view(value)); }
inline void append(std::string& out, const char* value) { append(out, std::string_view(value)); }
inline void append(std::string& out, const MessageId& value) { append(out, std::string_view(value.value)); }
inline void append(std::string& out, const QueueName& value) { append(out, std::string_view(value.value)); }
inline void append(std::string& out, bool value) { out += value ? '1' : '0'; }
inline void append(std::string& out, int value) { append(out, std::int64_t{value}); }
inline void append(std::string& out, std::size_t value) { append(out, static_cast<std::int64_t>(value)); }
inline void append(std::string& out, State value) { append(out, static_cast<std::int64_t>(value)); }
inline void append(std::string& out, Token value) { append(out, static_cast<std::int64_t>(value.value)); }
inline void append(std::string& out, BootNonce value) { append(out, static_cast<std::int64_t>(value.value)); }
/// As a row: `'exchange','key'` without parentheses.
void append(std::string& out, const Route& value);
template <class T>
void append(std::string& out, const std::optional<T>& value) {
  if (value) {
    append(out, *value);
  } else {
    append(out, Null{});
  }
}

/// Values with commas between them: for `IN (?)`.
class List {
 public:
  template <class T>
  List& add(const T& value) {
    if (size_++ > 0) text_ += ',';
    append(text_, value);
    return *this;
  }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::size_t size_ = 0;
};

/// Rows in parentheses with commas between them: for `VALUES ?` and `(a, b) IN (?)`.
class Tuples {
 public:
  template <class... T>
  Tuples& add(const T&... values) {
    begin();
    (put(values), ...);
    text_ += ')';
    return *this;
  }
  void begin() {
    text_ += size_++ > 0 ? ",(" : "(";
    first_ = true;
  }
  template <class T>
  void put(const T& value) {
    if (!first_) text_ += ',';
    first_ = false;
    append(text_, value);
  }
  void end() { text_ += ')'; }
  void clear() {
    text_.clear();
    size_ = 0;
  }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::size_t size_ = 0;
  bool first_ = true;
};

inline void append(std::string& out, const List& value) { out += value.text(); }
inline void append(std::string& out, const Tuples& value) { out += value.text(); }

/// The pattern up to its first `?`, which is taken away from it.
std::string_view up_to_place(std::string_view& pattern);

/// The pattern with a literal for each `?`, in their order.
template <class... T>
[[nodiscard]] std::string sql(std::string_view pattern, const T&... values) {
  std::string out;
  ((out += up_to_place(pattern), append(out, values)), ...);
  out += pattern;
  return out;
}

// Values of results. A date that is none (zeros) reads as the earliest there is, and is written so again.
[[nodiscard]] std::int64_t read_integer(std::string_view text);
[[nodiscard]] WallTime read_time(std::string_view text);

}  // namespace waybill::mariadb
