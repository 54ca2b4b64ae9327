// The retry policy as a request writes it:
//   {"attempts":3,"delay_ms":8000}                          the same delay each time
//   {"attempts":10,"first_ms":1000,"longest_ms":60000}      doubled each time
//   {"attempts":4,"delays_ms":[1000,5000,30000]}            one delay for each further attempt
// `attempts` counts all, the first included. Pure; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "core/retry_policy.h"

namespace waybill::api {

/// Takes the members as they are met. The first thing that is wrong is kept.
class RetryFields {
 public:
  static constexpr std::string_view kForms =
      R"(write {"attempts":3,"delay_ms":8000}, {"attempts":10,"first_ms":1000,"longest_ms":60000} or )"
      R"({"attempts":4,"delays_ms":[1000,5000,30000]})";

  void name(std::string_view member);
  /// `literal`: a JSON number.
  void number(std::string_view literal);
  /// The member is a list, whose numbers follow.
  void list();
  void wrong_type();

  /// Errors: kPermanent, a sentence that begins with the member's name.
  [[nodiscard]] Result<RetryPolicy> policy() const;

 private:
  enum Member : std::uint8_t { kAttempts, kDelay, kFirst, kLongest, kDelays, kMembers };

  void refuse(std::string why);
  [[nodiscard]] bool has(Member member) const { return seen_[member]; }
  [[nodiscard]] Duration delay(Member member) const { return Duration{numbers_[member]}; }

  std::optional<Member> current_;
  bool in_list_ = false;
  bool seen_[kMembers] = {};
  std::int64_t numbers_[kMembers] = {};
  std::vector<Duration> delays_;
  std::string problem_;
};

}  // namespace waybill::api
