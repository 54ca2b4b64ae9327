#include "testing/recording/answer_text.h"

#include <algorithm>
#include <string_view>
#include <vector>

namespace waybill::recording {
namespace {

std::string text(std::int64_t number) { return std::to_string(number); }
std::string text(WallTime time) { return std::to_string(to_millis(time)); }
std::string text(std::string_view value) { return std::string(value); }
std::string text(const Route& route) { return "'" + route.exchange + "'/'" + route.routing_key + "'"; }
// Enough of a digest to tell two apart.
std::string text(const Digest& digest) { return to_hex(digest).substr(0, 16); }
std::string text(const Body& body) {
  return text(static_cast<std::int64_t>(body.size())) + (body.binary() ? " binary bytes " : " bytes ") +
         text(sha256(body.bytes()));
}

/// One answer as it is put together: words, and named values where they are set.
class Line {
 public:
  Line& word(std::string_view word) {
    if (!text_.empty()) text_ += ' ';
    text_ += word;
    return *this;
  }
  template <class T>
  Line& value(std::string_view name, const T& value) {
    return word(std::string(name) + "=" + text(value));
  }
  template <class T>
  Line& value(std::string_view name, const std::optional<T>& set) {
    return set ? value(name, *set) : *this;
  }
  Line& flag(std::string_view name, bool set) { return set ? word(name) : *this; }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string join_sorted(std::vector<std::string> texts) {
  std::ranges::sort(texts);
  std::string joined;
  for (const std::string& one : texts) joined += (joined.empty() ? "" : "; ") + one;
  return "[" + joined + "]";
}

std::string_view word_for(AppendAnswer::Kind kind) {
  switch (kind) {
    case AppendAnswer::Kind::kAccepted:
      return "accepted";
    case AppendAnswer::Kind::kDuplicate:
      return "duplicate";
    case AppendAnswer::Kind::kConflict:
      return "conflict";
    case AppendAnswer::Kind::kIdTaken:
      return "id_taken";
    case AppendAnswer::Kind::kKeyReused:
      return "key_reused";
  }
  return {};
}

std::string_view word_for(FinishAnswer::Kind kind) {
  switch (kind) {
    case FinishAnswer::Kind::kRecorded:
      return "recorded";
    case FinishAnswer::Kind::kLateDone:
      return "late_done";
    case FinishAnswer::Kind::kStale:
      return "stale";
    case FinishAnswer::Kind::kUnknownId:
      return "unknown_id";
  }
  return {};
}

std::string_view word_for(VerbAnswer::Kind kind) {
  switch (kind) {
    case VerbAnswer::Kind::kApplied:
      return "applied";
    case VerbAnswer::Kind::kRefused:
      return "refused";
    case VerbAnswer::Kind::kUnknownId:
      return "unknown_id";
  }
  return {};
}

std::string_view word_for(ErrorClass what) {
  switch (what) {
    case ErrorClass::kRetry:
      return "retry";
    case ErrorClass::kPermanent:
      return "permanent";
    case ErrorClass::kConflict:
      return "conflict";
    case ErrorClass::kNotFound:
      return "not_found";
    case ErrorClass::kInDoubt:
      return "in_doubt";
    case ErrorClass::kOverload:
      return "overload";
  }
  return {};
}

std::string describe(const AppendAnswer& answer, const CopyNames& /*names*/) {
  Line line;
  line.word(word_for(answer.kind));
  const bool accepted = answer.kind == AppendAnswer::Kind::kAccepted;
  if (accepted || answer.kind == AppendAnswer::Kind::kDuplicate) {
    line.value("id", answer.id.value).value("status", to_string(answer.status));
  }
  if (accepted) line.value("at", answer.store_now);
  return line.take();
}

std::string describe(const TakenRow& row, const CopyNames& names) {
  const Message& message = row.message;
  Line line;
  line.value("id", names.name_of(message.id).value).value("route", message.route).value("queue", row.queue.value);
  line.value("publish", row.publish_number).value("at", row.publish_time).value("from", to_string(row.from));
  line.value("crashes", row.crash_count).flag("foreign", row.foreign).flag("after_doubt", row.after_doubt);
  line.value("digest", row.digest).value("body", message.body).value("type", message.content_type);
  line.value("not_before", message.not_before);
  if (row.body_in_log) line.value("body_in_log", *row.body_in_log);
  if (message.retry) line.value("retry", to_string(*message.retry));
  for (const auto& [name, value] : message.headers) line.value(name, value);
  return line.take();
}

std::string ended_text(const std::vector<LapsedRow>& ended, const CopyNames& names) {
  std::vector<std::string> texts;
  for (const auto& [id, status] : ended)
    texts.push_back(names.name_of(id).value + " " + std::string(to_string(status)));
  return join_sorted(std::move(texts));
}

std::string describe(const TakeAnswer& answer, const CopyNames& names) {
  std::vector<std::string> rows;
  for (const TakenRow& row : answer.rows) rows.push_back(describe(row, names));
  std::vector<std::string> unreadable;
  for (const auto& [id, reason] : answer.unreadable) unreadable.push_back(names.name_of(id).value);
  Line line;
  line.value("rows", join_sorted(std::move(rows)));
  if (!unreadable.empty()) line.value("unreadable", join_sorted(std::move(unreadable)));
  if (!answer.ended.empty()) line.value("ended", ended_text(answer.ended, names));
  line.value("lapsed", answer.lapsed).flag("more", answer.more).flag("partial", answer.partial);
  // Any time that has passed says the same: at once.
  if (answer.next_due) line.value("next_due", std::max(*answer.next_due, answer.store_now));
  return line.take();
}

std::string describe(const ClaimAnswer& answer, const CopyNames& /*names*/) {
  Line line;
  line.word(to_string(answer.verdict));
  if (answer.lapsed) line.value("lapsed", to_string(answer.lapsed->status));
  if (answer.verdict != ClaimVerdict::kGranted) return line.take();
  line.value("attempt", answer.attempt).value("tries", answer.try_count).value("crashes", answer.crash_count);
  line.value("publish", answer.publish_number).value("at", answer.store_now);
  if (answer.retry) line.value("retry", to_string(*answer.retry));
  for (const auto& [address, outcome, relay] : answer.recipients) {
    line.value(address, to_string(outcome.fate)).value("code", outcome.code).word(outcome.enhanced);
    line.word(outcome.text).word(relay);
  }
  return line.value("body", answer.body).take();
}

std::string describe(const FinishAnswer& answer, const CopyNames& /*names*/) {
  Line line;
  line.word(word_for(answer.kind));
  if (answer.kind == FinishAnswer::Kind::kUnknownId) return line.take();
  return line.value("status", to_string(answer.status)).flag("possible_duplicate", answer.possible_duplicate).take();
}

std::string describe(const LapseAnswer& answer, const CopyNames& names) {
  Line line;
  line.value("rows", answer.rows);
  if (!answer.ended.empty()) line.value("ended", ended_text(answer.ended, names));
  return line.take();
}

std::string describe(const VerbAnswer& answer, const CopyNames& /*names*/) {
  Line line;
  line.word(word_for(answer.kind));
  if (answer.kind == VerbAnswer::Kind::kUnknownId) return line.take();
  return line.value("status", to_string(answer.status)).flag("attempt_open", answer.attempt_open).take();
}

std::string describe(const CountAnswer& answer, const CopyNames& /*names*/) {
  return Line().value("rows", answer.rows).take();
}

std::string describe(const NodeAnswer& answer, const CopyNames& /*names*/) {
  return answer.node_id ? Line().value("node", *answer.node_id).take() : "no node";
}

std::string describe(const QueueFactsAnswer& answer, const CopyNames& /*names*/) {
  std::vector<std::string> facts;
  for (const QueueFact& fact : answer.facts) {
    Line line;
    line.value("queue", fact.queue.value).value("owner", to_string(fact.owner));
    line.value("oldest_in_hand", fact.oldest_in_hand).value("newest_out", fact.newest_out);
    facts.push_back(line.value("idle_since", fact.idle_since).take());
  }
  return Line().value("facts", join_sorted(std::move(facts))).take();
}

}  // namespace

std::string answer_text(const Result<Answer>& answer, const CopyNames& names) {
  if (!answer.ok()) return "error " + std::string(word_for(answer.error().what));
  return std::visit([&](const auto& given) { return describe(given, names); }, *answer);
}

}  // namespace waybill::recording
