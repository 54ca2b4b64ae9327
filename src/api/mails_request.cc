#include "api/mails_request.h"

#include <algorithm>
#include <utility>

#include "mail/field_notes.h"
#include "mail/json_tree.h"
#include "mail/mail_body.h"
#include "mail/mail_json.h"

namespace waybill::api {
namespace {

using Kind = JsonNode::Kind;

constexpr std::string_view kSendAt = "send_at";
constexpr Duration kAheadMax = std::chrono::hours(24 * 366);

ErrorView broken(const std::string& why) {
  const bool not_json = why.starts_with("is not valid JSON");
  return {not_json ? "invalid_json" : "invalid_request", "the body " + why, {{"body", why}}};
}

ErrorView bad_mail(const FieldErrors& errors) {
  ErrorView error{"invalid_request", to_sentence(errors), {}};
  for (const auto& [field, message] : errors) error.fields.push_back({field, message});
  return error;
}

class OrderReader {
 public:
  OrderReader(const MailRules& rules, WallTime now) : rules_(rules), now_(now) {}

  [[nodiscard]] Parsed<MailOrder> read(JsonNode document, const std::string& place) {
    MailOrder order;
    FieldNotes notes;
    take_send_at(document, place, order, notes);
    auto mail = read_mail(std::move(document), rules_.limits, place);
    if (const auto* errors = std::get_if<FieldErrors>(&mail)) {
      notes.add_further(*errors);
    } else {
      check_sender(std::get<Mail>(mail), place, notes);
    }
    if (!notes.none()) return bad_mail(notes.take());
    order.body = write_mail_body(std::get<Mail>(mail));
    return order;
  }

 private:
  void take_send_at(JsonNode& document, const std::string& place, MailOrder& order, FieldNotes& notes) const {
    auto& members = document.members;
    const auto named = [](const JsonMember& member) { return member.name == kSendAt; };
    const auto found = std::find_if(members.begin(), members.end(), named);
    if (!document.is(Kind::kObject) || found == members.end()) return;
    const JsonNode value = std::move(found->value);
    members.erase(found);
    const auto where = member_place(place, kSendAt);
    if (std::any_of(members.begin(), members.end(), named)) {
      std::erase_if(members, named);
      return notes.add(where, "is given more than once");
    }
    if (value.is(Kind::kNull)) return;
    order.send_at = value.is(Kind::kText) ? parse_rfc3339(value.text) : std::nullopt;
    if (!order.send_at) return notes.add(where, "must be a time as in RFC 3339, such as 2026-01-31T08:00:00Z");
    if (*order.send_at > now_ + kAheadMax) notes.add(where, "is more than 366 days ahead");
  }

  void check_sender(const Mail& mail, const std::string& place, FieldNotes& notes) const {
    if (!mail.from || mail.from->address == rules_.from || rules_.allowed_from.allows(mail.from->address)) return;
    notes.add(member_place(place, "from"),
              "is not allowed: '" + mail.from->address + "' is not within mail.allowed_from");
  }

  const MailRules& rules_;
  const WallTime now_;
};

}  // namespace

Digest digest_of(const MailOrder& order) {
  const std::string time = order.send_at ? std::to_string(to_millis(*order.send_at)) : std::string();
  return sha256(to_hex(sha256(order.body)) + time);
}

Parsed<MailsRequest> parse_mails(std::string_view json, const MailRules& rules, WallTime now) {
  auto document = read_json_tree(json, {});
  if (!document) return broken(document.error().message);
  OrderReader reader(rules, now);
  MailsRequest request;
  if (!document->is(Kind::kArray)) {
    request.orders.push_back(reader.read(*std::move(document), {}));
    return request;
  }
  auto& items = document->members;
  if (items.empty()) return broken("holds no mail");
  if (items.size() > kMailsMax) {
    return broken("has " + std::to_string(items.size()) + " mails; a request takes at most " +
                  std::to_string(kMailsMax));
  }
  request.form = BatchForm::kArray;
  request.orders.reserve(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    request.orders.push_back(reader.read(std::move(items[i].value), item_place({}, i)));
  }
  return request;
}

}  // namespace waybill::api
