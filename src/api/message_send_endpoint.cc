#include "api/message_send_endpoint.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "api/http_error.h"
#include "api/intake_refusal.h"
#include "api/message_request.h"
#include "api/request_checks.h"

namespace waybill::api {
namespace {

constexpr std::size_t kManyKeyBytesMax = 250;  // `#999` is added

using Form = MessagesRequest::Form;
using ItemAnswer = std::variant<MessageAnswer, HttpError>;

HttpResponse refusal(const HttpError& error) { return to_response(ErrorForm::kV1, error); }

// The messages of one request on their way: from reading to the answer.
struct Batch {
  Form form = Form::kOne;
  std::vector<ItemAnswer> answers;  // of all, in their order
  std::vector<std::size_t> places;  // of those handed to intake
  std::vector<IntakeRequest> intake;
};

Parsed<MessagesRequest> parse(const HttpRequest& request, MessagesType type, WallTime now) {
  switch (type) {
    case MessagesType::kJson:
      return parse_messages(request.body, now);
    case MessagesType::kLines:
      return parse_message_lines(request.body, now);
  }
  std::abort();
}

std::optional<IdempotencyKey> key_of(const std::optional<std::string>& key, Form form, std::size_t place,
                                     const Message& message) {
  if (!key) return std::nullopt;
  return IdempotencyKey{std::string(MessageSendEndpoint::kPath),
                        form == Form::kOne ? *key : *key + "#" + std::to_string(place), request_digest(message)};
}

Batch make_batch(MessagesRequest request, const std::optional<std::string>& key, WallTime now) {
  Batch batch;
  batch.form = request.form;
  batch.answers.resize(request.messages.size());
  batch.places.reserve(request.messages.size());
  batch.intake.reserve(request.messages.size());
  for (std::size_t place = 0; place < request.messages.size(); ++place) {
    if (auto* error = std::get_if<ErrorView>(&request.messages[place])) {
      batch.answers[place] = bad_request(std::move(*error));
      continue;
    }
    auto& message = std::get<Message>(request.messages[place]);
    IntakeRequest intake;
    intake.key = key_of(key, request.form, place, message);
    // What has passed means now, and only what is due now is published from memory.
    if (message.not_before && *message.not_before <= now) message.not_before.reset();
    intake.message = std::move(message);
    batch.intake.push_back(std::move(intake));
    batch.places.push_back(place);
  }
  return batch;
}

// Of many of which none was accepted.
int status_of_refused(const std::vector<ItemAnswer>& answers) {
  const auto status = [](const ItemAnswer& answer) { return std::get<HttpError>(answer).status; };
  const auto is_503 = [&](const ItemAnswer& answer) { return status(answer) == 503; };
  const int first = status(answers.front());
  if (std::any_of(answers.begin(), answers.end(), is_503)) return 503;
  const auto is_first = [&](const ItemAnswer& answer) { return status(answer) == first; };
  return std::all_of(answers.begin(), answers.end(), is_first) ? first : 400;
}

void append_item(std::string& out, const ItemAnswer& answer) {
  if (const auto* accepted = std::get_if<MessageAnswer>(&answer)) {
    append_json(out, *accepted);
  } else {
    out += to_json(view_of(std::get<HttpError>(answer)));
  }
}

HttpResponse answer_one(const ItemAnswer& answer) {
  if (const auto* error = std::get_if<HttpError>(&answer)) return refusal(*error);
  HttpResponse response;
  append_item(response.body, answer);
  return response;
}

HttpResponse answer_many(const Batch& batch) {
  constexpr std::size_t kAnswerBytes = 96;  // about one that was accepted
  const bool lines = batch.form == Form::kLines;
  const auto is_accepted = [](const ItemAnswer& answer) { return std::holds_alternative<MessageAnswer>(answer); };
  HttpResponse response;
  response.body.reserve(batch.answers.size() * kAnswerBytes);
  for (const ItemAnswer& answer : batch.answers) {
    if (!lines) response.body += response.body.empty() ? '[' : ',';
    append_item(response.body, answer);
    if (lines) response.body += '\n';
  }
  if (lines) {
    response.content_type = "application/x-ndjson";
  } else {
    response.body += ']';
  }
  if (std::any_of(batch.answers.begin(), batch.answers.end(), is_accepted)) return response;
  response.status = status_of_refused(batch.answers);
  if (response.status == 503) response.headers.emplace_back("Retry-After", "1");
  return response;
}

HttpResponse answer_of(const Batch& batch) {
  return batch.form == Form::kOne ? answer_one(batch.answers.front()) : answer_many(batch);
}

void settle(Batch& batch, std::vector<Result<AppendAnswer>> results, bool repeated) {
  for (std::size_t i = 0; i < results.size(); ++i) {
    ItemAnswer& answer = batch.answers[batch.places[i]];
    if (auto error = intake_refusal(results[i], repeated)) {
      answer = *std::move(error);
      continue;
    }
    const bool duplicate = results[i]->kind == AppendAnswer::Kind::kDuplicate;
    answer = MessageAnswer{std::move(results[i]->id.value), results[i]->status, duplicate};
  }
}

}  // namespace

void MessageSendEndpoint::handle(const HttpRequest& request, Answer answer) {
  const auto type = read_messages_type(request);
  if (const auto* error = std::get_if<HttpError>(&type)) return answer(refusal(*error));
  const auto query = read_query(request, {});
  if (const auto* error = std::get_if<HttpError>(&query)) return answer(refusal(*error));
  const auto sent = read_idempotency_key(request);
  if (const auto* error = std::get_if<HttpError>(&sent)) return answer(refusal(*error));
  const auto& key = std::get<std::optional<std::string>>(sent);

  const WallTime now = SystemWallClock().now();
  auto parsed = parse(request, std::get<MessagesType>(type), now);
  if (auto* error = std::get_if<ErrorView>(&parsed)) return answer(refusal(bad_request(std::move(*error))));
  auto& messages = std::get<MessagesRequest>(parsed);
  if (key && messages.form != Form::kOne && key->size() > kManyKeyBytesMax) {
    return answer(refusal(bad_field("Idempotency-Key", "is longer than 250 characters, the most for many messages")));
  }
  const auto batch = std::make_shared<Batch>(make_batch(std::move(messages), key, now));
  if (batch->intake.empty()) return answer(answer_of(*batch));
  const auto visit = key ? keys_->enter(*key) : nullptr;
  intake_.accept_all(std::move(batch->intake), request.deadline,
                     [batch, visit, answer = std::move(answer)](std::vector<Result<AppendAnswer>> results) {
                       settle(*batch, std::move(results), visit && visit->repeated);
                       answer(answer_of(*batch));
                     });
}

std::string_view MessageSendEndpoint::in_doubt_advice() const { return kMaybeAcceptedAdvice; }

}  // namespace waybill::api
