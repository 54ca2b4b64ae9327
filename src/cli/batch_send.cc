#include "cli/batch_send.h"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "api/types.h"
#include "base/log.h"
#include "cli/interruption.h"
#include "cli/output.h"
#include "cli/progress.h"

namespace waybill::cli {
namespace {

using ItemAnswer = std::variant<api::MessageAnswer, api::ErrorView>;
using Lines = std::span<const MessageLine>;

// What became of the lines of one request; none: not known yet.
using Settled = std::vector<std::optional<ItemAnswer>>;

// Served later if it is asked again under the same key.
bool is_passing(const ItemAnswer& answer) {
  const auto* error = std::get_if<api::ErrorView>(&answer);
  return error != nullptr && (error->code == "unavailable" || error->code == "in_doubt" || error->code == "in_flight");
}

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// One answer a line; nothing if it is an answer to the request as a whole.
std::optional<std::vector<ItemAnswer>> item_answers(const HttpReply& reply, std::size_t lines) {
  constexpr int kPerLine[] = {200, 400, 409, 422, 503};
  if (std::find(std::begin(kPerLine), std::end(kPerLine), reply.status) == std::end(kPerLine)) return std::nullopt;
  std::vector<ItemAnswer> answers;
  for (const std::string_view line : split_lines(reply.body)) {
    auto answer = api::parse_message_answer(line);
    if (!answer.ok()) return std::nullopt;
    answers.push_back(std::move(*answer));
  }
  if (answers.size() != lines) return std::nullopt;
  return answers;
}

// `routing_key: is missing; body: is missing`: the line's number says where.
std::string reason_of(const api::ErrorView& error) {
  if (error.fields.empty()) return error.message;
  std::string text;
  for (const auto& field : error.fields) {
    std::string name = field.field;
    if (name.starts_with('[')) name.erase(0, name.find(']') + 1);
    if (name.starts_with('.')) name.erase(0, 1);
    text += (text.empty() ? "" : "; ") + (name.empty() ? std::string("the line") : name) + ": " + field.message;
  }
  return text;
}

class Sender {
 public:
  Sender(const Client& client, const BatchSend& options, const Patience::Pause& pause, std::int64_t bytes)
      : client_(client), options_(options), pause_(pause), patience_(pause), progress_("send (bytes)", bytes) {}

  // The error that ended it before the end of the file.
  std::optional<Error> run(MessageLines& lines) {
    while (true) {
      const auto chunk = lines.next();
      if (!chunk.ok()) return chunk.error();
      if (chunk->empty()) break;
      for (const std::int64_t number : chunk->too_long)
        refuse(number, {"body_too_large", "it is longer than 16 MiB", {}});
      if (!pause_(Duration{0})) return stopped(chunk->lines.empty() ? 0 : chunk->lines.front().number);
      if (auto error = send(chunk->lines)) return error;
      progress_.update(chunk->bytes_read);
    }
    complete_ = true;
    return std::nullopt;
  }

  void report() {
    progress_.clear();
    const auto count = [](std::int64_t number) { return std::to_string(number); };
    if (options_.json) {
      print(errors_ == 0 ? R"({"errors":[)" : "");
      print_line(R"(],"accepted":)" + count(accepted_) + R"(,"duplicates":)" + count(duplicates_) + R"(,"refused":)" +
                 count(errors_) + R"(,"complete":)" + (complete_ ? "true}" : "false}"));
    } else {
      print_line("accepted: " + count(accepted_) + ", accepted before: " + count(duplicates_) +
                 ", refused: " + count(errors_));
    }
  }

  [[nodiscard]] bool all_accepted() const { return complete_ && errors_ == 0; }

 private:
  static Error stopped(std::int64_t line) {
    return make_error(ErrorClass::kPermanent, "stopped before line " + std::to_string(line));
  }

  [[nodiscard]] HttpRequest request_for(Lines lines) const {
    HttpRequest request{.method = "POST", .target = "/v1/messages"};
    request.headers = {{"Content-Type", "application/x-ndjson"},
                       {"Idempotency-Key", options_.key + ":" + std::to_string(lines.front().number)}};
    for (const MessageLine& line : lines) request.body += line.text + "\n";
    return request;
  }

  std::optional<Error> send(Lines lines) {
    if (lines.empty()) return std::nullopt;
    const HttpRequest request = request_for(lines);
    Settled settled(lines.size());
    while (true) {
      const auto reply = patience_.send(client_, request);
      if (!reply.ok()) return unsettled(lines, settled, reply.error());
      if (reply->status == 413) return too_large(lines, *reply);
      const auto answers = item_answers(*reply, lines.size());
      if (!answers) return unsettled(lines, settled, whole_error(*reply));
      take(*answers, settled);
      if (std::find(settled.begin(), settled.end(), std::nullopt) == settled.end()) break;
      if (!patience_.wait(*reply)) return unsettled(lines, settled, whole_error(*reply));
    }
    patience_.renew();
    tell(lines, settled);
    return std::nullopt;
  }

  // What is once accepted stays so: a repeat would only call it a duplicate.
  static void take(const std::vector<ItemAnswer>& answers, Settled& settled) {
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (!settled[i] && !is_passing(answers[i])) settled[i] = answers[i];
    }
  }

  // The server takes less than usual: nothing was read, so the halves may go under keys of their own.
  std::optional<Error> too_large(Lines lines, const HttpReply& reply) {
    if (lines.size() == 1) {
      const auto error = api::parse_error(reply.body);
      refuse(lines.front().number, error.ok() ? *error : api::ErrorView{"body_too_large", "it is too long", {}});
      return std::nullopt;
    }
    const std::size_t half = lines.size() / 2;
    if (auto error = send(lines.first(half))) return error;
    return send(lines.subspan(half));
  }

  static Error whole_error(const HttpReply& reply) {
    const auto body = Client::body_of(reply);
    if (!body.ok()) return body.error();
    return make_error(ErrorClass::kOverload, "the server could not take all of it, again and again");
  }

  // Tells what is known of the lines, and how to find out about the rest.
  Error unsettled(Lines lines, const Settled& settled, Error error) {
    tell(lines, settled);
    error.message = "from line " + std::to_string(lines.front().number) + " on: " + error.message;
    return error;
  }

  void tell(Lines lines, const Settled& settled) {
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (!settled[i]) continue;
      if (const auto* error = std::get_if<api::ErrorView>(&*settled[i])) {
        refuse(lines[i].number, *error);
      } else {
        ++(std::get<api::MessageAnswer>(*settled[i]).duplicate ? duplicates_ : accepted_);
      }
    }
  }

  void refuse(std::int64_t line, const api::ErrorView& error) {
    if (options_.json) {
      std::string json = to_json(error);  // {"error":{…}}
      json.insert(1, R"("line":)" + std::to_string(line) + ",");
      print((errors_ == 0 ? R"({"errors":[)" : ",") + json);
    } else {
      progress_.clear();
      std::fprintf(stderr, "line %lld: %s\n", static_cast<long long>(line), escape_line(reason_of(error)).c_str());
    }
    ++errors_;
  }

  const Client& client_;
  const BatchSend& options_;
  const Patience::Pause& pause_;
  Patience patience_;
  Progress progress_;
  std::int64_t accepted_ = 0;
  std::int64_t duplicates_ = 0;
  std::int64_t errors_ = 0;
  bool complete_ = false;
};

}  // namespace

ExitCode send_batch(const Client& client, MessageLines& lines, const BatchSend& options, const Patience::Pause& pause) {
  Sender sender(client, options, pause, lines.size());
  const auto error = sender.run(lines);
  sender.report();
  if (error) {
    return report(make_error(error->what, error->message + "\n  Repeat it with --idempotency-key " + options.key +
                                              ": what was accepted is not sent again"));
  }
  return sender.all_accepted() ? ExitCode::kDone : ExitCode::kFailed;
}

ExitCode send_batch(const Client& client, MessageLines& lines, const BatchSend& options) {
  const Interruption interruption;
  return send_batch(client, lines, options, [&](Duration time) { return interruption.pause(time); });
}

}  // namespace waybill::cli
