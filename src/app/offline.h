// Answers requests of the HTTP interface from the log itself, for when no instance runs: what an operator may ask and
// do. Accepts and carries no messages.
#pragma once

#include <memory>
#include <string>

#include "app/config.h"
#include "base/result.h"

namespace waybill::app {

struct OfflineReply {
  int status = 0;
  std::string body;
};

/// One thread.
class OfflineApi {
 public:
  /// Holds a log in a file as long as it lives; a shared log is changed beside its instances. Errors: kConflict (an
  /// instance holds it), kNotFound (there is none), kPermanent, kRetry.
  [[nodiscard]] static Result<std::unique_ptr<OfflineApi>> open(const Config& config);
  ~OfflineApi();

  /// Waits for the answer; `target` as in a request line, `json` for a POST.
  [[nodiscard]] OfflineReply ask(const std::string& method, const std::string& target, const std::string& json);

 private:
  struct Parts;
  explicit OfflineApi(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace waybill::app
