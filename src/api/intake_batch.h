// The items of one request on their way through intake: from reading to the one answer for all of them. A request is
// one item, an array, or one a line. One thread until submit().
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/endpoint.h"
#include "api/http_error.h"
#include "api/keys_in_flight.h"
#include "api/types.h"
#include "base/sha256.h"
#include "ports/intake.h"

namespace waybill::api {

/// How the items came, which is how they are answered.
enum class BatchForm { kOne, kArray, kLines };

class IntakeBatch {
 public:
  /// `key`: the request's, under which it is known at `path`. Of many items each has its own, `KEY#n`.
  IntakeBatch(BatchForm form, std::size_t items, std::string_view path, std::optional<std::string> key);

  /// A key that leaves no room for `#n`; nothing if it does, or need not.
  [[nodiscard]] static std::optional<HttpError> check_key(BatchForm form, const std::optional<std::string>& key);

  /// The next item was refused already, or goes to intake. `digest`: equal for items that ask for the same.
  void refuse(HttpError error);
  void add(Message message, const Digest& digest, WallTime now);

  /// Hands over what was added, and answers when all of it is known.
  static void submit(std::shared_ptr<IntakeBatch> batch, Intake& intake, KeysInFlight& keys, MonoTime deadline,
                     Answer answer);

 private:
  using ItemAnswer = std::variant<MessageAnswer, HttpError>;

  void settle(std::vector<Result<AppendAnswer>> results, bool repeated);
  [[nodiscard]] HttpResponse answer() const;
  [[nodiscard]] HttpResponse answer_one() const;
  [[nodiscard]] HttpResponse answer_many() const;
  [[nodiscard]] int status_of_refused() const;

  const BatchForm form_;
  const std::string_view path_;
  const std::optional<std::string> key_;
  std::vector<ItemAnswer> answers_;  // of all, in their order
  std::vector<std::size_t> places_;  // of those handed to intake
  std::vector<IntakeRequest> intake_;
};

}  // namespace waybill::api
