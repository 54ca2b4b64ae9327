// Values for expected failures. An error says what its receiver must do: try again, give up, or find out.
// Exceptions are left for broken invariants and failed constructors.
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace waybill {

/// What the receiver of an error must do.
enum class ErrorClass {
  kRetry,      ///< nothing happened; the same request may succeed later
  kPermanent,  ///< nothing happened; the same request will never succeed
  kConflict,   ///< the state of the thing forbids it
  kNotFound,   ///< there is no such thing
  kInDoubt,    ///< it may or may not have happened: find out, never assume
  kOverload,   ///< refused for lack of room; nothing happened; slow down
};

struct Error {
  ErrorClass what = ErrorClass::kPermanent;
  std::string message;  ///< one sentence for a person: what was wrong, and what would be right
  std::string code;     ///< the library's own code where there is one (SQLite, AMQP reply, errno)
};

[[nodiscard]] inline Error make_error(ErrorClass what, std::string message, std::string code = {}) {
  return Error{what, std::move(message), std::move(code)};
}

struct Unit {};

/// Either a value or an Error; ignoring one is a compiler warning.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}      // NOLINT(google-explicit-constructor): reads as a return value
  Result(Error error) : value_(std::move(error)) {}  // NOLINT(google-explicit-constructor): reads as a return value

  [[nodiscard]] bool ok() const { return std::holds_alternative<T>(value_); }
  explicit operator bool() const { return ok(); }

  [[nodiscard]] T& value() & { return std::get<T>(value_); }
  [[nodiscard]] const T& value() const& { return std::get<T>(value_); }
  [[nodiscard]] T&& value() && { return std::get<T>(std::move(value_)); }
  [[nodiscard]] const Error& error() const { return std::get<Error>(value_); }

  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  /// By value, so that `for (auto& x : *f())` walks a value that lives as long as the loop.
  T operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<T, Error> value_;
};

using Status = Result<Unit>;
[[nodiscard]] inline Status ok_status() { return Unit{}; }

}  // namespace waybill
