#include "mail/mail_request.h"

#include <algorithm>
#include <optional>
#include <unordered_set>
#include <utility>

#include "core/names.h"
#include "mail/json_fields.h"
#include "mail/mail_address.h"
#include "mail/mail_text.h"

namespace waybill {
namespace {

constexpr std::string_view kSubject = "subject";
constexpr std::string_view kContent = "content";
constexpr std::string_view kTos = "tos";
constexpr std::string_view kDocument = "body";
constexpr std::size_t kUnknownFieldsNamed = 16;
constexpr std::size_t kBadAddressesNamed = 5;

using Problem = std::optional<std::string>;

Problem text_problem(std::string_view text, std::size_t bytes_max) {
  if (!is_valid_utf8(text)) return "it is not valid UTF-8";
  if (is_blank(text)) return "it is empty";
  if (text.size() > bytes_max) return "it is longer than " + std::to_string(bytes_max) + " bytes";
  return {};
}

Problem subject_problem(std::string_view subject, const MailLimits& limits) {
  if (auto problem = text_problem(subject, limits.subject_bytes_max)) return problem;
  if (has_control_character(subject)) return "it contains a line break or another control character; one line is right";
  return {};
}

Problem content_problem(std::string_view content, const MailLimits& limits) {
  if (auto problem = text_problem(content, limits.content_bytes_max)) return problem;
  if (content.find('\0') != std::string_view::npos) return "it contains a NUL character";
  return {};
}

// Collects recipients one by one; bounded however many are offered.
class Recipients {
 public:
  explicit Recipients(const MailLimits& limits) : limits_(limits) {}

  void add(std::string_view address) {
    if (const auto status = check_mail_address(address); !status) {
      if (++bad_ <= kBadAddressesNamed) {
        problems_ += (bad_ > 1 ? "; " : "") + status.error().message + ": " + quoted(address);
      }
      return;
    }
    if (accepted_.size() > limits_.recipients_max || !keys_.insert(mailbox_key(address)).second) return;
    accepted_.emplace_back(address);
  }

  [[nodiscard]] Problem problem() const {
    std::string all = problems_;
    if (bad_ > kBadAddressesNamed) all += "; and " + std::to_string(bad_ - kBadAddressesNamed) + " more bad ones";
    if (accepted_.size() > limits_.recipients_max) {
      all += (all.empty() ? "there are more than " : "; there are more than ") +
             std::to_string(limits_.recipients_max) + " recipients";
    }
    if (all.empty() && accepted_.empty()) all = "it names no address";
    return all.empty() ? Problem{} : Problem{std::move(all)};
  }
  [[nodiscard]] std::vector<std::string> take() { return std::move(accepted_); }

 private:
  const MailLimits& limits_;
  std::vector<std::string> accepted_;
  std::unordered_set<std::string> keys_;
  std::string problems_;
  std::size_t bad_ = 0;
};

std::string_view without_outer_spaces(std::string_view text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

// Where the address that the text begins with ends: at a separator that no quoted local part contains.
std::size_t address_end(std::string_view text) {
  bool in_quotes = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (in_quotes && text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      in_quotes = !in_quotes;
    } else if (!in_quotes && (text[at] == ',' || text[at] == ';')) {
      return at;
    }
  }
  return text.size();
}

void add_separated(std::string_view text, Recipients& recipients) {
  while (!text.empty()) {
    const auto end = address_end(text);
    if (const auto address = without_outer_spaces(text.substr(0, end)); !address.empty()) recipients.add(address);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

// One pass over the members of a request; what is wrong is gathered, never thrown away.
class RequestReader {
 public:
  explicit RequestReader(const MailLimits& limits) : limits_(limits) {}

  void read(JsonField field) {
    std::erase(missing_, field.name);
    if (field.name == kSubject) {
      if (const auto* text = text_of(field)) note(kSubject, subject_problem(*text, limits_));
      request_.subject = std::move(field.text);
    } else if (field.name == kContent) {
      if (const auto* text = text_of(field)) note(kContent, content_problem(*text, limits_));
      request_.content = std::move(field.text);
    } else if (field.name == kTos) {
      read_tos(field);
    } else {
      note_unknown(field.name);
    }
  }

  [[nodiscard]] MailRequestOrErrors finish() {
    for (const auto field : missing_) note(field, "it is missing");
    if (unknown_ > kUnknownFieldsNamed) {
      note(kDocument, "it has " + std::to_string(unknown_ - kUnknownFieldsNamed) + " more unknown fields");
    }
    if (!errors_.empty()) return std::move(errors_);
    return std::move(request_);
  }

 private:
  void note(std::string_view field, Problem problem) {
    if (problem) errors_.push_back({std::string(field), std::move(*problem)});
  }

  // Nothing, with the reason noted, if the field is no single string.
  [[nodiscard]] const std::string* text_of(const JsonField& field) {
    if (field.repeated) {
      note(field.name, "it is given more than once");
    } else if (field.kind != JsonField::Kind::kText) {
      note(field.name, "it must be a string");
    } else {
      return &field.text;
    }
    return nullptr;
  }

  void read_tos(const JsonField& field) {
    if (field.repeated) return note(kTos, "it is given more than once");
    Recipients recipients(limits_);
    if (field.kind == JsonField::Kind::kText) {
      add_separated(field.text, recipients);
    } else if (field.kind == JsonField::Kind::kTexts) {
      for (const auto& text : field.texts) recipients.add(without_outer_spaces(text));
    } else {
      return note(kTos, "it must be a string or an array of strings");
    }
    note(kTos, recipients.problem());
    request_.tos = recipients.take();
  }

  void note_unknown(std::string_view name) {
    if (++unknown_ > kUnknownFieldsNamed) return;
    note(name.empty() ? quoted(name) : shown(name), "it is not known; subject, content and tos are");
  }

  const MailLimits& limits_;
  MailRequest request_;
  FieldErrors errors_;
  std::vector<std::string_view> missing_ = {kSubject, kContent, kTos};
  std::size_t unknown_ = 0;
};

}  // namespace

std::size_t MailLimits::document_bytes_max() const {
  constexpr std::size_t kLongestEscape = 6;  // \u0001
  constexpr std::size_t kAddressRoom = 260;
  constexpr std::size_t kFrameRoom = 64 << 10;  // names, white space, the message id, other programs' members
  return kLongestEscape * (subject_bytes_max + content_bytes_max + recipients_max * kAddressRoom) + kFrameRoom;
}

MailRequestOrErrors parse_mail_request(std::string_view json, const MailLimits& limits) {
  JsonLimits json_limits;
  json_limits.bytes_max = limits.document_bytes_max();
  auto fields = read_json_fields(json, json_limits);
  if (!fields) return FieldErrors{{std::string(kDocument), fields.error().message}};
  return mail_request_from(std::move(*fields), limits);
}

MailRequestOrErrors mail_request_from(std::vector<JsonField> fields, const MailLimits& limits) {
  RequestReader reader(limits);
  for (auto& field : fields) reader.read(std::move(field));
  return reader.finish();
}

FieldErrors check_mail_request(const MailRequest& request, const MailLimits& limits) {
  FieldErrors errors;
  const auto note = [&errors](std::string_view field, Problem problem) {
    if (problem) errors.push_back({std::string(field), std::move(*problem)});
  };
  note(kSubject, subject_problem(request.subject, limits));
  note(kContent, content_problem(request.content, limits));
  Recipients recipients(limits);
  for (const auto& address : request.tos) recipients.add(address);
  note(kTos, recipients.problem());
  return errors;
}

std::string to_string(const FieldErrors& errors) {
  std::string all;
  for (const auto& error : errors) all += (all.empty() ? "" : "; ") + error.field + ": " + error.message;
  return all;
}

}  // namespace waybill
