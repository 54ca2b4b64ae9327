#include "mail/mail.h"

#include <algorithm>
#include <set>
#include <unordered_set>

#include "core/names.h"
#include "mail/custom_headers.h"
#include "mail/field_notes.h"
#include "mail/mail_address.h"
#include "mail/mail_text.h"
#include "mail/media_type.h"

namespace waybill {
namespace {

constexpr std::size_t kReplyToMax = 10;
constexpr std::size_t kUnsubscribeMax = 4;
constexpr std::size_t kUriBytesMax = 900;  // a line has room for it
constexpr std::size_t kFilenameBytesMax = 255;
constexpr std::size_t kContentIdBytesMax = 255;
constexpr std::size_t kTagBytesMax = 128;
constexpr std::size_t kMetadataNameBytesMax = 128;

using Problem = std::optional<std::string>;

Problem line_problem(std::string_view text, std::size_t bytes_max) {
  if (!is_valid_utf8(text)) return "is not valid UTF-8";
  if (text.size() > bytes_max) return "is longer than " + std::to_string(bytes_max) + " bytes";
  if (has_control_character(text)) return "holds a line break or another control character; one line is right";
  return {};
}

Problem word_problem(std::string_view text, std::size_t bytes_max) {
  if (is_blank(text)) return "is empty";
  return line_problem(text, bytes_max);
}

Problem content_problem(std::string_view text) {
  if (!is_valid_utf8(text)) return "is not valid UTF-8";
  if (text.find('\0') != std::string_view::npos) return "holds a NUL character";
  return {};
}

Problem filename_problem(const Attachment& attachment) {
  const auto& name = attachment.filename;
  if (name.empty()) return attachment.content_id.empty() ? Problem("is missing") : std::nullopt;
  if (auto problem = word_problem(name, kFilenameBytesMax)) return problem;
  if (name.find_first_of("/\\") != std::string::npos) return "holds a path; the name of the file alone is right";
  return {};
}

// What may stand between `<` and `>` in the header and behind `cid:` in the HTML.
Problem content_id_problem(std::string_view id) {
  if (id.size() > kContentIdBytesMax) return "is longer than " + std::to_string(kContentIdBytesMax) + " bytes";
  if (!is_printable_ascii(id) || id.find_first_of(" <>\"\\()") != std::string_view::npos) {
    return "holds more than visible ASCII, or one of <>()\"\\; an id like logo@example.org is right";
  }
  return {};
}

Problem uri_problem(std::string_view uri) {
  const auto lower = lower_case(uri.substr(0, 8));
  if (!lower.starts_with("https://") && !lower.starts_with("mailto:"))
    return "begins with neither https:// nor mailto:";
  if (uri.size() > kUriBytesMax) return "is longer than " + std::to_string(kUriBytesMax) + " bytes";
  if (!is_printable_ascii(uri) || uri.find_first_of(" <>\"") != std::string_view::npos) {
    return "holds more than visible ASCII, or one of <>\"; such characters are written as %XX";
  }
  return {};
}

class MailChecker {
 public:
  MailChecker(const Mail& mail, const MailLimits& limits, const std::string& place)
      : mail_(mail), limits_(limits), place_(place) {}

  [[nodiscard]] FieldErrors check() {
    notes_.add_if(at("subject"), line_problem(mail_.subject, limits_.subject_bytes_max));
    check_people();
    check_contents();
    for (std::size_t i = 0; i < mail_.attachments.size(); ++i) check_attachment(i);
    check_headers();
    check_unsubscribe();
    check_notes_of_owner();
    return notes_.take();
  }

 private:
  [[nodiscard]] std::string at(std::string_view name) const { return member_place(place_, name); }

  void too_many(std::string_view name, std::size_t count, std::size_t most) {
    if (count > most)
      notes_.add(at(name), "has " + std::to_string(count) + " items; at most " + std::to_string(most) + " are right");
  }

  void check_mailbox_at(const std::string& place, const Mailbox& mailbox) {
    if (const auto status = check_mailbox(mailbox); !status) {
      bad_mailboxes_ = true;
      notes_.add(place, "cannot be used: " + status.error().message + ": " + quoted(mailbox.address));
    }
  }

  void check_mailboxes(std::string_view name, const std::vector<Mailbox>& mailboxes) {
    for (std::size_t i = 0; i < mailboxes.size(); ++i) check_mailbox_at(item_place(at(name), i), mailboxes[i]);
  }

  void check_people() {
    if (mail_.from) check_mailbox_at(at("from"), *mail_.from);
    check_mailboxes("to", mail_.to);
    check_mailboxes("cc", mail_.cc);
    check_mailboxes("bcc", mail_.bcc);
    check_mailboxes("reply_to", mail_.reply_to);
    too_many("reply_to", mail_.reply_to.size(), kReplyToMax);
    const std::size_t named = mail_.to.size() + mail_.cc.size() + mail_.bcc.size();
    if (named == 0) return notes_.add(at("to"), "names no address, and neither do cc and bcc");
    // Whoever is named twice gets one copy; the headers are bounded all the same.
    const bool too_many_named = named > 2 * limits_.recipients_max;
    if (too_many_named || (!bad_mailboxes_ && recipients_of(mail_).size() > limits_.recipients_max)) {
      notes_.add(at("to"), "and cc and bcc name more than " + std::to_string(limits_.recipients_max) + " recipients");
    }
  }

  void check_contents() {
    notes_.add_if(at("text"), content_problem(mail_.text));
    notes_.add_if(at("html"), content_problem(mail_.html));
    if (mail_.text.empty() && mail_.html.empty() && mail_.attachments.empty()) {
      notes_.add(at("text"), "is missing, and so are html and attachments: there is nothing to send");
    }
    std::size_t bytes = mail_.text.size() + mail_.html.size();
    for (const auto& attachment : mail_.attachments) bytes += attachment.content.size();
    if (bytes > limits_.bytes_max) {
      notes_.add(place_, "has texts and attachments of " + std::to_string(bytes) + " bytes; at most " +
                             std::to_string(limits_.bytes_max) + " are right");
    }
    too_many("attachments", mail_.attachments.size(), limits_.attachments_max);
  }

  void check_attachment(std::size_t index) {
    const auto& attachment = mail_.attachments[index];
    const auto place = item_place(at("attachments"), index);
    notes_.add_if(member_place(place, "filename"), filename_problem(attachment));
    if (!attachment.content_type.empty()) {
      notes_.add_if(member_place(place, "content_type"), media_type_problem(attachment.content_type));
    }
    if (attachment.content_id.empty()) return;
    notes_.add_if(member_place(place, "content_id"), content_id_problem(attachment.content_id));
    if (!content_ids_.insert(attachment.content_id).second) {
      notes_.add(member_place(place, "content_id"), "is that of another attachment");
    }
  }

  void check_headers() {
    std::set<std::string> names;
    for (const auto& [name, value] : mail_.headers) {
      const auto place = member_place(at("headers"), shown(name));
      if (auto problem = header_name_problem(name)) {
        notes_.add(place, *std::move(problem));
        continue;
      }
      if (!names.insert(lower_case(name)).second) notes_.add(place, "is given more than once");
      notes_.add_if(place, header_value_problem(name, value, limits_.header_bytes_max));
    }
    too_many("headers", mail_.headers.size(), limits_.headers_max);
  }

  void check_unsubscribe() {
    const auto& uris = mail_.list_unsubscribe;
    bool over_web = false;
    for (std::size_t i = 0; i < uris.size(); ++i) {
      notes_.add_if(item_place(at("list_unsubscribe"), i), uri_problem(uris[i]));
      over_web = over_web || lower_case(uris[i].substr(0, 6)) == "https:";
    }
    too_many("list_unsubscribe", uris.size(), kUnsubscribeMax);
    if (mail_.list_unsubscribe_post && !over_web) {
      notes_.add(at("list_unsubscribe_post"), "needs an https:// address in list_unsubscribe (RFC 8058)");
    }
  }

  void check_notes_of_owner() {
    for (std::size_t i = 0; i < mail_.tags.size(); ++i) {
      notes_.add_if(item_place(at("tags"), i), word_problem(mail_.tags[i], kTagBytesMax));
    }
    too_many("tags", mail_.tags.size(), limits_.tags_max);
    std::set<std::string_view> names;
    for (const auto& [name, value] : mail_.metadata) {
      const auto place = member_place(at("metadata"), shown(name));
      if (auto problem = word_problem(name, kMetadataNameBytesMax)) notes_.add(place, "has a name that " + *problem);
      if (!names.insert(name).second) notes_.add(place, "is given more than once");
      notes_.add_if(place, content_problem(value));
      if (value.size() > limits_.metadata_bytes_max) {
        notes_.add(place, "is longer than " + std::to_string(limits_.metadata_bytes_max) + " bytes");
      }
    }
    too_many("metadata", mail_.metadata.size(), limits_.metadata_max);
  }

  const Mail& mail_;
  const MailLimits& limits_;
  const std::string& place_;
  FieldNotes notes_;
  std::set<std::string> content_ids_;
  bool bad_mailboxes_ = false;
};

}  // namespace

FieldErrors check_mail(const Mail& mail, const MailLimits& limits, const std::string& place) {
  return MailChecker(mail, limits, place).check();
}

Mail to_mail(MailRequest request) {
  Mail mail;
  mail.subject = std::move(request.subject);
  mail.text = std::move(request.content);
  for (auto& address : request.tos) mail.to.push_back({std::move(address), {}});
  return mail;
}

std::vector<std::string> recipients_of(const Mail& mail) {
  std::vector<std::string> addresses;
  std::unordered_set<std::string> keys;
  for (const auto* mailboxes : {&mail.to, &mail.cc, &mail.bcc}) {
    for (const auto& mailbox : *mailboxes) {
      if (keys.insert(mailbox_key(mailbox.address)).second) addresses.push_back(mailbox.address);
    }
  }
  return addresses;
}

}  // namespace waybill
