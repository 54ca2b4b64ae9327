// The mails that benchmarks send.
#pragma once

#include <string>

#include "base/result.h"

namespace waybill::bench {

/// Least bytes of a mail with its headers.
inline constexpr int kMailSizeMin = 512;

struct SampleMail {
  std::string subject;
  std::string content;  ///< lines of text
  std::string to;
  std::string bytes;  ///< as it travels
};

/// One that travels as `size` bytes, but for a few: what differs from mail to mail is not always as long.
[[nodiscard]] Result<SampleMail> sample_mail(int size, const std::string& from);

}  // namespace waybill::bench
