#include "mail/mail_body.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>
#include <utility>

#include "mail/json_fields.h"

namespace waybill {
namespace {

constexpr std::string_view kMsgId = "msgId";

bool is_part_of_request(const JsonField& field) {
  return field.name == "subject" || field.name == "content" || field.name == "tos";
}

Error refuse(const std::string& why) {
  return make_error(ErrorClass::kPermanent, "the message body is not a mail: " + why);
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

}  // namespace waybill
