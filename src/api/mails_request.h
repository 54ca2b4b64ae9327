// What `POST /v1/mails` is asked for: one mail or an array of them. Read strictly: what is unknown, repeated, of the
// wrong type or not fit to send is refused under its place. Pure; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/intake_batch.h"
#include "api/types.h"
#include "base/sha256.h"
#include "base/time.h"
#include "mail/allowed_senders.h"
#include "mail/mail_limits.h"

namespace waybill::api {

inline constexpr std::size_t kMailsMax = 500;  ///< of one request

/// A mail as it goes into the log.
struct MailOrder {
  std::string body;
  std::optional<WallTime> send_at;  ///< as it was given, also when it has passed
};
/// Equal for orders that ask for the same, however they are written.
[[nodiscard]] Digest digest_of(const MailOrder& order);

struct MailsRequest {
  BatchForm form = BatchForm::kOne;
  /// In their order, never none. One that is wrong refuses only itself; errors name its place: `[3].to[0]`.
  std::vector<Parsed<MailOrder>> orders;
};

struct MailRules {
  MailLimits limits;
  std::string from;             ///< sender of mails that name none
  AllowedSenders allowed_from;  ///< whom else they may name
};

/// An object or an array of objects. The error is that of the whole request: it is not JSON, too deep, too many.
[[nodiscard]] Parsed<MailsRequest> parse_mails(std::string_view json, const MailRules& rules, WallTime now);

}  // namespace waybill::api
