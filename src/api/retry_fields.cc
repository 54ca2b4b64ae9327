#include "api/retry_fields.h"

#include <array>
#include <charconv>
#include <utility>

namespace waybill::api {
namespace {

constexpr std::size_t kDelaysMax = 100;
constexpr std::array<std::string_view, 5> kNames = {"attempts", "delay_ms", "first_ms", "longest_ms", "delays_ms"};

std::optional<std::int64_t> whole_number(std::string_view literal) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(literal.data(), literal.data() + literal.size(), number);
  if (error != std::errc() || end != literal.data() + literal.size()) return std::nullopt;
  return number;
}

}  // namespace

void RetryFields::name(std::string_view member) {
  current_.reset();
  in_list_ = false;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == member) current_ = static_cast<Member>(i);
  }
  if (!current_) return refuse("'" + std::string(member.substr(0, 64)) + "' is not a known field");
  if (seen_[*current_]) refuse("'" + std::string(member) + "' is given more than once");
  seen_[*current_] = true;
}

void RetryFields::number(std::string_view literal) {
  if (!current_) return;
  if (*current_ == kDelays && !in_list_) return wrong_type();
  const auto number = whole_number(literal);
  const std::int64_t most = *current_ == kAttempts ? RetryPolicy::kAttemptsMax : RetryPolicy::kDelayMax.count();
  const std::int64_t least = *current_ == kAttempts ? 1 : 0;
  if (!number || *number < least || *number > most) {
    return refuse("'" + std::string(kNames[*current_]) + "' must be a whole number from " + std::to_string(least) +
                  " to " + std::to_string(most));
  }
  if (*current_ != kDelays) {
    numbers_[*current_] = *number;
  } else if (delays_.size() < kDelaysMax) {
    delays_.emplace_back(*number);
  } else {
    refuse("'delays_ms' has more than 100 delays");
  }
}

void RetryFields::list() {
  in_list_ = true;
  if (current_ && *current_ != kDelays) wrong_type();
}

void RetryFields::wrong_type() {
  if (!current_) return;
  const std::string name(kNames[*current_]);
  refuse("'" + name + (*current_ == kDelays ? "' must be a list of whole numbers" : "' must be a whole number"));
}

Result<RetryPolicy> RetryFields::policy() const {
  const auto error = [](std::string why) { return make_error(ErrorClass::kPermanent, std::move(why)); };
  if (!problem_.empty()) return error(problem_);
  if (!has(kAttempts)) return error("'attempts' is missing; " + std::string(kForms));
  RetryPolicy policy;
  policy.attempts = static_cast<int>(numbers_[kAttempts]);
  const bool growing = has(kFirst) && has(kLongest);
  if (has(kDelay) && !has(kFirst) && !has(kLongest) && !has(kDelays)) {
    policy.delays = FixedDelay{delay(kDelay)};
  } else if (growing && !has(kDelay) && !has(kDelays)) {
    policy.delays = ExponentialDelay{delay(kFirst), delay(kLongest)};
  } else if (has(kDelays) && !delays_.empty() && !has(kDelay) && !has(kFirst) && !has(kLongest)) {
    policy.delays = DelayList{delays_};
  } else {
    return error("its delays are given in none of the three forms, or in several; " + std::string(kForms));
  }
  return policy;
}

void RetryFields::refuse(std::string why) {
  if (problem_.empty()) problem_ = std::move(why);
}

}  // namespace waybill::api
