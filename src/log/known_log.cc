#include "log/known_log.h"

namespace waybill {

Status KnownLog::meet(const std::string& identity, std::int64_t boot_number) {
  if (!identity_.empty() && identity != identity_) {
    return make_error(ErrorClass::kPermanent,
                      "the database at message_log.url now holds another message log than the one this process serves");
  }
  // The number is durable before anything else is done with the log, so whoever has lost it has lost more.
  if (boot_number < boot_number_) {
    return make_error(ErrorClass::kPermanent,
                      "the message log at message_log.url is now an older copy (opened " + std::to_string(boot_number) +
                          " times, and " + std::to_string(boot_number_) +
                          " times before): what was sent since would be sent again; put the newer log back");
  }
  identity_ = identity;
  boot_number_ = boot_number;
  return ok_status();
}

}  // namespace waybill
