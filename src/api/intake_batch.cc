#include "api/intake_batch.h"

#include <algorithm>
#include <utility>

#include "api/intake_refusal.h"
#include "api/request_checks.h"

namespace waybill::api {
namespace {

constexpr std::size_t kManyKeyBytesMax = 250;  // `#999` is added

using ItemAnswer = std::variant<MessageAnswer, HttpError>;

bool is_accepted(const ItemAnswer& answer) { return std::holds_alternative<MessageAnswer>(answer); }

void append_item(std::string& out, const ItemAnswer& answer) {
  if (const auto* accepted = std::get_if<MessageAnswer>(&answer)) {
    append_json(out, *accepted);
  } else {
    out += to_json(view_of(std::get<HttpError>(answer)));
  }
}

}  // namespace

IntakeBatch::IntakeBatch(BatchForm form, std::size_t items, std::string_view path, std::optional<std::string> key)
    : form_(form), path_(path), key_(std::move(key)) {
  answers_.reserve(items);
  places_.reserve(items);
  intake_.reserve(items);
}

std::optional<HttpError> IntakeBatch::check_key(BatchForm form, const std::optional<std::string>& key) {
  if (!key || form == BatchForm::kOne || key->size() <= kManyKeyBytesMax) return std::nullopt;
  return bad_field("Idempotency-Key", "is longer than 250 characters, the most for many messages");
}

void IntakeBatch::refuse(HttpError error) { answers_.emplace_back(std::move(error)); }

void IntakeBatch::add(Message message, const Digest& digest, WallTime now) {
  const std::size_t place = answers_.size();
  IntakeRequest request;
  if (key_) {
    const std::string key = form_ == BatchForm::kOne ? *key_ : *key_ + "#" + std::to_string(place);
    request.key = IdempotencyKey{std::string(path_), key, digest};
  }
  // What has passed means now, and only what is due now is published from memory.
  if (message.not_before && *message.not_before <= now) message.not_before.reset();
  request.message = std::move(message);
  intake_.push_back(std::move(request));
  places_.push_back(place);
  answers_.emplace_back();
}

void IntakeBatch::submit(std::shared_ptr<IntakeBatch> batch, Intake& intake, KeysInFlight& keys, MonoTime deadline,
                         Answer answer) {
  if (batch->intake_.empty()) return answer(batch->answer());
  const auto visit = batch->key_ ? keys.enter(*batch->key_) : nullptr;
  auto requests = std::move(batch->intake_);
  intake.accept_all(
      std::move(requests), deadline,
      [batch = std::move(batch), visit, answer = std::move(answer)](std::vector<Result<AppendAnswer>> results) {
        batch->settle(std::move(results), visit && visit->repeated);
        answer(batch->answer());
      });
}

void IntakeBatch::settle(std::vector<Result<AppendAnswer>> results, bool repeated) {
  for (std::size_t i = 0; i < results.size(); ++i) {
    ItemAnswer& answer = answers_[places_[i]];
    if (auto error = intake_refusal(results[i], repeated)) {
      answer = *std::move(error);
      continue;
    }
    const bool duplicate = results[i]->kind == AppendAnswer::Kind::kDuplicate;
    answer = MessageAnswer{std::move(results[i]->id.value), results[i]->status, duplicate};
  }
}

// Of many of which none was accepted.
int IntakeBatch::status_of_refused() const {
  const auto status = [](const ItemAnswer& answer) { return std::get<HttpError>(answer).status; };
  const auto is_503 = [&](const ItemAnswer& answer) { return status(answer) == 503; };
  const int first = status(answers_.front());
  if (std::any_of(answers_.begin(), answers_.end(), is_503)) return 503;
  const auto is_first = [&](const ItemAnswer& answer) { return status(answer) == first; };
  return std::all_of(answers_.begin(), answers_.end(), is_first) ? first : 400;
}

HttpResponse IntakeBatch::answer() const { return form_ == BatchForm::kOne ? answer_one() : answer_many(); }

HttpResponse IntakeBatch::answer_one() const {
  const ItemAnswer& answer = answers_.front();
  if (const auto* error = std::get_if<HttpError>(&answer)) return to_response(ErrorForm::kV1, *error);
  HttpResponse response;
  append_item(response.body, answer);
  return response;
}

HttpResponse IntakeBatch::answer_many() const {
  constexpr std::size_t kAnswerBytes = 96;  // about one that was accepted
  const bool lines = form_ == BatchForm::kLines;
  HttpResponse response;
  response.body.reserve(answers_.size() * kAnswerBytes);
  for (const ItemAnswer& answer : answers_) {
    if (!lines) response.body += response.body.empty() ? '[' : ',';
    append_item(response.body, answer);
    if (lines) response.body += '\n';
  }
  if (lines) {
    response.content_type = "application/x-ndjson";
  } else {
    response.body += ']';
  }
  if (std::any_of(answers_.begin(), answers_.end(), is_accepted)) return response;
  response.status = status_of_refused();
  if (response.status == 503) response.headers.emplace_back("Retry-After", "1");
  return response;
}

}  // namespace waybill::api
