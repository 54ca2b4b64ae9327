#include "mail/mail_json.h"

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <functional>
#include <optional>
#include <set>
#include <utility>

#include "base/base64.h"
#include "mail/field_notes.h"
#include "mail/mail_text.h"

namespace waybill {
namespace {

using Kind = JsonNode::Kind;

constexpr std::string_view kMailboxForms =
    "must be a text such as \"Name <name@example.org>\", or an object with 'address' and 'name'";

// Reads members into their places. What cannot be taken is noted, and its place left empty.
class MailReader {
 public:
  explicit MailReader(const MailLimits& limits) : limits_(limits) {}

  [[nodiscard]] MailOrErrors read(JsonNode document, const std::string& place) {
    read_document(std::move(document), place);
    notes_.add_further(check_mail(mail_, limits_, place));
    if (!notes_.none()) return notes_.take();
    return std::move(mail_);
  }

 private:
  using Take = std::function<void(JsonNode, const std::string& place)>;
  struct Field {
    std::string_view name;
    Take take;
  };
  using Fields = std::vector<Field>;

  // Each known member that is there goes to its field; everything else is noted.
  void read_object(JsonNode node, const std::string& place, const Fields& fields) {
    std::set<std::string_view> seen;
    for (auto& [name, value] : node.members) {
      const auto same = [&, &wanted = name](const Field& field) { return field.name == wanted; };
      const auto found = std::find_if(fields.begin(), fields.end(), same);
      const auto where = member_place(place, shown(name));
      if (found == fields.end()) {
        notes_.add(where, "is not a known field");
      } else if (!seen.insert(found->name).second) {
        notes_.add(where, "is given more than once");
      } else if (!value.is(Kind::kNull)) {
        found->take(std::move(value), where);
      }
    }
  }

  // The list is taken up to its limit only; check_mail knows the rest from its length.
  void read_list(JsonNode node, const std::string& place, std::string_view what, std::size_t most, const Take& take) {
    if (!node.is(Kind::kArray)) return notes_.add(place, "must be an array of " + std::string(what));
    if (node.members.size() > most) {
      return notes_.add(place, "has " + std::to_string(node.members.size()) + " items; at most " +
                                   std::to_string(most) + " are right");
    }
    for (std::size_t i = 0; i < node.members.size(); ++i) {
      take(std::move(node.members[i].value), item_place(place, i));
    }
  }

  [[nodiscard]] Take text_into(std::string& text) {
    return [this, &text](JsonNode node, const std::string& place) {
      if (!node.is(Kind::kText)) return notes_.add(place, "must be a string");
      text = std::move(node.text);
    };
  }

  [[nodiscard]] Take flag_into(bool& flag) {
    return [this, &flag](const JsonNode& node, const std::string& place) {
      if (!node.is(Kind::kBool)) return notes_.add(place, "must be true or false");
      flag = node.text == "true";
    };
  }

  [[nodiscard]] Take texts_into(std::vector<std::string>& texts, std::size_t most) {
    return [this, &texts, most](JsonNode node, const std::string& place) {
      read_list(std::move(node), place, "strings", most, [&](JsonNode item, const std::string& where) {
        text_into(texts.emplace_back())(std::move(item), where);
      });
    };
  }

  [[nodiscard]] Take fields_into(Mail::Fields& fields, std::size_t most) {
    return [this, &fields, most](JsonNode node, const std::string& place) {
      if (!node.is(Kind::kObject)) return notes_.add(place, "must be an object of strings");
      if (node.members.size() > most) {
        return notes_.add(place, "has " + std::to_string(node.members.size()) + " members; at most " +
                                     std::to_string(most) + " are right");
      }
      for (auto& [name, value] : node.members) {
        const auto where = member_place(place, shown(name));
        auto& field = fields.emplace_back(std::move(name), std::string());
        text_into(field.second)(std::move(value), where);
      }
    };
  }

  void read_mailbox_node(JsonNode node, const std::string& place, Mailbox& mailbox) {
    if (node.is(Kind::kObject)) {
      const bool named = std::any_of(node.members.begin(), node.members.end(),
                                     [](const JsonMember& member) { return member.name == "address"; });
      if (!named) notes_.add(member_place(place, "address"), "is missing");
      return read_object(std::move(node), place,
                         {{"address", text_into(mailbox.address)}, {"name", text_into(mailbox.name)}});
    }
    if (!node.is(Kind::kText)) return notes_.add(place, std::string(kMailboxForms));
    read_mailbox_text(node.text, place, mailbox);
  }

  void read_mailbox_text(std::string_view text, const std::string& place, Mailbox& mailbox) {
    auto read = read_mailbox(text);
    if (!read) return notes_.add(place, "cannot be used: " + read.error().message + ": " + quoted(text));
    mailbox = *std::move(read);
  }

  [[nodiscard]] Take mailboxes_into(std::vector<Mailbox>& mailboxes) {
    return [this, &mailboxes](JsonNode node, const std::string& place) {
      const std::size_t most = 2 * limits_.recipients_max;
      if (node.is(Kind::kText)) {
        const auto parts = split_mailboxes(node.text, most);
        if (parts.size() > most) return notes_.add(place, "names more than " + std::to_string(most) + " addresses");
        for (const auto part : parts) read_mailbox_text(part, place, mailboxes.emplace_back());
      } else if (node.is(Kind::kObject)) {
        read_mailbox_node(std::move(node), place, mailboxes.emplace_back());
      } else {
        read_list(std::move(node), place, "mailboxes", most, [&](JsonNode item, const std::string& where) {
          read_mailbox_node(std::move(item), where, mailboxes.emplace_back());
        });
      }
    };
  }

  [[nodiscard]] Take content_into(std::string& content) {
    return [this, &content](const JsonNode& node, const std::string& place) {
      auto bytes = node.is(Kind::kText) ? base64_decode(node.text) : std::nullopt;
      if (!bytes) return notes_.add(place, "must be base64 with padding (RFC 4648, section 4)");
      content = *std::move(bytes);
    };
  }

  void read_attachment(JsonNode node, const std::string& place) {
    auto& attachment = mail_.attachments.emplace_back();
    if (!node.is(Kind::kObject)) return notes_.add(place, "must be an object with 'filename' and 'content'");
    bool has_content = false;
    const auto content = content_into(attachment.content);
    read_object(std::move(node), place,
                {{"filename", text_into(attachment.filename)},
                 {"content_type", text_into(attachment.content_type)},
                 {"content_id", text_into(attachment.content_id)},
                 {"content", [&](JsonNode bytes, const std::string& where) {
                    has_content = true;
                    content(std::move(bytes), where);
                  }}});
    if (!has_content) notes_.add(member_place(place, "content"), "is missing");
    // As readers of HTML refer to it, and as the header has it.
    auto& id = attachment.content_id;
    if (id.size() > 2 && id.starts_with('<') && id.ends_with('>')) id = id.substr(1, id.size() - 2);
  }

  void read_document(JsonNode document, const std::string& place) {
    if (!document.is(Kind::kObject)) return notes_.add(place, "must be a JSON object");
    const auto from = [this](JsonNode node, const std::string& where) {
      read_mailbox_node(std::move(node), where, mail_.from.emplace());
    };
    const auto attachments = [this](JsonNode node, const std::string& where) {
      read_list(std::move(node), where, "objects", limits_.attachments_max,
                [this](JsonNode item, const std::string& item_where) { read_attachment(std::move(item), item_where); });
    };
    // One address alone is a list of one.
    const auto unsubscribe = [this](JsonNode node, const std::string& where) {
      if (node.is(Kind::kText)) return mail_.list_unsubscribe.push_back(std::move(node.text));
      texts_into(mail_.list_unsubscribe, kUnsubscribeRead)(std::move(node), where);
    };
    read_object(std::move(document), place,
                {{"subject", text_into(mail_.subject)},
                 {"text", text_into(mail_.text)},
                 {"html", text_into(mail_.html)},
                 {"from", from},
                 {"to", mailboxes_into(mail_.to)},
                 {"cc", mailboxes_into(mail_.cc)},
                 {"bcc", mailboxes_into(mail_.bcc)},
                 {"reply_to", mailboxes_into(mail_.reply_to)},
                 {"attachments", attachments},
                 {"headers", fields_into(mail_.headers, limits_.headers_max)},
                 {"list_unsubscribe", unsubscribe},
                 {"list_unsubscribe_post", flag_into(mail_.list_unsubscribe_post)},
                 {"tags", texts_into(mail_.tags, limits_.tags_max)},
                 {"metadata", fields_into(mail_.metadata, limits_.metadata_max)}});
  }

  static constexpr std::size_t kUnsubscribeRead = 16;  // check_mail allows fewer

  const MailLimits& limits_;
  Mail mail_;
  FieldNotes notes_;
};

// ---- writing ------------------------------------------------------------------------------------------------------

class MemberWriter {
 public:
  explicit MemberWriter(std::string& json) : json_(json), first_(json.empty() || json.back() == '{') {}

  void begin(std::string_view name) {
    if (!first_) json_ += ',';
    first_ = false;
    text(name);
    json_ += ':';
  }
  void text(std::string_view text) {
    json_ += boost::json::serialize(boost::json::string_view(text.data(), text.size()));
  }

  void member(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    begin(name);
    text(value);
  }

  template <class Items, class Write>
  void list(std::string_view name, const Items& items, const Write& write) {
    if (items.empty()) return;
    begin(name);
    char before = '[';
    for (const auto& item : items) {
      json_ += before;
      write(item);
      before = ',';
    }
    json_ += ']';
  }

  void mailbox(const Mailbox& mailbox) {
    json_ += '{';
    MemberWriter writer(json_);
    writer.member("address", mailbox.address);
    writer.member("name", mailbox.name);
    json_ += '}';
  }

  void attachment(const Attachment& attachment) {
    json_ += '{';
    MemberWriter writer(json_);
    writer.member("filename", attachment.filename);
    writer.member("content_type", attachment.content_type);
    writer.member("content_id", attachment.content_id);
    writer.begin("content");
    json_ += '"';
    json_ += base64_encode(attachment.content);  // nothing in it needs an escape
    json_ += "\"}";
  }

  void fields(std::string_view name, const Mail::Fields& fields) {
    if (fields.empty()) return;
    begin(name);
    json_ += '{';
    MemberWriter writer(json_);
    for (const auto& [key, value] : fields) {
      writer.begin(key);
      writer.text(value);
    }
    json_ += '}';
  }

 private:
  std::string& json_;
  bool first_;
};

}  // namespace

MailOrErrors read_mail(JsonNode document, const MailLimits& limits, const std::string& place) {
  return MailReader(limits).read(std::move(document), place);
}

void append_mail_members(std::string& json, const Mail& mail) {
  MemberWriter writer(json);
  const auto mailbox = [&writer](const Mailbox& item) { writer.mailbox(item); };
  const auto text = [&writer](const std::string& item) { writer.text(item); };
  writer.member("subject", mail.subject);
  if (mail.from) {
    writer.begin("from");
    writer.mailbox(*mail.from);
  }
  writer.list("to", mail.to, mailbox);
  writer.list("cc", mail.cc, mailbox);
  writer.list("bcc", mail.bcc, mailbox);
  writer.list("reply_to", mail.reply_to, mailbox);
  writer.member("text", mail.text);
  writer.member("html", mail.html);
  writer.list("attachments", mail.attachments, [&writer](const Attachment& item) { writer.attachment(item); });
  writer.fields("headers", mail.headers);
  writer.list("list_unsubscribe", mail.list_unsubscribe, text);
  if (mail.list_unsubscribe_post) {
    writer.begin("list_unsubscribe_post");
    json += "true";
  }
  writer.list("tags", mail.tags, text);
  writer.fields("metadata", mail.metadata);
}

}  // namespace waybill
