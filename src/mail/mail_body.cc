#include "mail/mail_body.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>
#include <optional>
#include <utility>

#include "mail/field_notes.h"
#include "mail/json_fields.h"
#include "mail/mail_json.h"

namespace waybill {
namespace {

constexpr std::string_view kMsgId = "msgId";
constexpr std::string_view kVersion = "mail_version";

bool is_part_of_request(const JsonField& field) {
  return field.name == "subject" || field.name == "content" || field.name == "tos";
}

Error refuse(const std::string& why) {
  return make_error(ErrorClass::kPermanent, "the message body is not a mail: " + why);
}

// Takes the member of this name out of the document; nothing if there is none.
std::optional<JsonNode> take_member(JsonNode& document, std::string_view name) {
  auto& members = document.members;
  const auto found = std::find_if(members.begin(), members.end(), [&](const auto& m) { return m.name == name; });
  if (found == members.end()) return std::nullopt;
  JsonNode value = std::move(found->value);
  members.erase(found);
  return value;
}

}  // namespace

std::string write_mail_body(const MessageId& id, const MailRequest& request) {
  namespace json = boost::json;
  json::object body;
  body["msgId"] = id.value;
  body["subject"] = request.subject;
  body["content"] = request.content;
  body["tos"] = json::value_from(request.tos);
  return json::serialize(body);
}

Result<MailBody> read_mail_body(std::string_view text, const MailLimits& limits) {
  JsonLimits json_limits;
  json_limits.bytes_max = limits.document_bytes_max();
  auto fields = read_json_fields(text, json_limits);
  if (!fields) return refuse(fields.error().message);

  MailBody body;
  const auto msg_id = std::find_if(fields->begin(), fields->end(), [](const auto& f) { return f.name == kMsgId; });
  if (msg_id != fields->end()) {
    if (msg_id->repeated) return refuse("msgId: it is given more than once");
    if (msg_id->kind == JsonField::Kind::kTexts || msg_id->kind == JsonField::Kind::kOther) {
      return refuse("msgId: it must be a string or an integer");
    }
    body.msg_id = std::move(msg_id->text);
  }
  std::erase_if(*fields, [](const auto& field) { return !is_part_of_request(field); });
  auto request = mail_request_from(std::move(*fields), limits);
  if (const auto* errors = std::get_if<FieldErrors>(&request)) return refuse(to_string(*errors));
  body.request = std::get<MailRequest>(std::move(request));
  return body;
}

std::string write_mail_body(const Mail& mail) {
  constexpr std::size_t kFrameBytes = 1'024;
  std::size_t bytes = kFrameBytes + mail.text.size() + mail.html.size();
  for (const auto& attachment : mail.attachments) bytes += kFrameBytes + attachment.content.size() / 3 * 4;
  std::string json;
  json.reserve(bytes);
  json += "{\"" + std::string(kVersion) + "\":" + std::to_string(kMailBodyVersion);
  append_mail_members(json, mail);
  json += '}';
  return json;
}

Result<Mail> read_any_mail_body(std::string_view text, const MailLimits& limits) {
  const auto classic = [&]() -> Result<Mail> {
    auto body = read_mail_body(text, limits);
    if (!body) return body.error();
    return to_mail(std::move(body->request));
  };
  if (text.find(kVersion) == std::string_view::npos) return classic();
  auto document = read_json_tree(text, {});
  if (!document) return refuse("it " + document.error().message);
  const auto version = take_member(*document, kVersion);
  if (!version) return classic();  // only some text in it looked so
  if (version->text != std::to_string(kMailBodyVersion) || !version->is(JsonNode::Kind::kNumber)) {
    return refuse("'mail_version' is not one that is known here; " + std::to_string(kMailBodyVersion) + " is");
  }
  auto mail = read_mail(*std::move(document), limits);
  if (const auto* errors = std::get_if<FieldErrors>(&mail)) return refuse(to_sentence(*errors));
  return std::get<Mail>(std::move(mail));
}

}  // namespace waybill
