#include "mail/mime.h"

#include <gmime/gmime.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <mutex>

#include "mail/mail_address.h"
#include "mail/safe_name.h"

namespace waybill {
namespace {

struct Unref {
  void operator()(void* object) const { g_object_unref(object); }
};
struct Free {
  void operator()(void* memory) const { g_free(memory); }
};
struct FreeFormat {
  void operator()(GMimeFormatOptions* format) const { g_mime_format_options_free(format); }
};
struct UnrefDate {
  void operator()(GDateTime* date) const { g_date_time_unref(date); }
};
template <class T>
using Object = std::unique_ptr<T, Unref>;

constexpr std::size_t kPlainLineMax = 78;     // RFC 5322, 2.1.1: what a line should not exceed
constexpr std::size_t kPlainWordMax = 60;     // leaves room for the header's name
constexpr std::size_t kEncodedBytesMax = 45;  // base64 of it and its frame stay within RFC 2047's 75

// GMime keeps tables that all threads read; they live as long as the process.
void initialise_gmime() {
  static std::once_flag once;
  std::call_once(once, [] { g_mime_init(); });
}

bool is_printable(char c) { return c >= 0x20 && c < 0x7f; }

// True if the subject reads the same when it is written as it is and folded at its spaces.
bool is_plain_subject(std::string_view subject) {
  if (subject.front() == ' ' || subject.back() == ' ' || !std::all_of(subject.begin(), subject.end(), is_printable)) {
    return false;
  }
  if (subject.find("=?") != std::string_view::npos || subject.find("  ") != std::string_view::npos) return false;
  for (;;) {
    const auto space = subject.find(' ');
    if (std::min(space, subject.size()) > kPlainWordMax) return false;
    if (space == std::string_view::npos) return true;
    subject.remove_prefix(space + 1);
  }
}

// RFC 2047 encoded words of whole characters. GMime 3.2 would write words longer than 75, drop outer spaces and leave
// alone what only looks like an encoded word; it folds what comes from here at its spaces.
std::string encoded_words(std::string_view text) {
  std::string words;
  while (!text.empty()) {
    auto length = std::min(kEncodedBytesMax, text.size());
    while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) --length;
    const std::unique_ptr<char, Free> base64(
        g_base64_encode(reinterpret_cast<const unsigned char*>(text.data()), length));
    words += (words.empty() ? "=?UTF-8?B?" : " =?UTF-8?B?") + std::string(base64.get()) + "?=";
    text.remove_prefix(length);
  }
  return words;
}

// The canonical form of text (RFC 2046, 4.1.1), which is what gets encoded.
std::string with_crlf(std::string_view text) {
  std::string lines;
  lines.reserve(text.size() + text.size() / 16 + 2);
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\r' && text[at] != '\n') {
      lines += text[at];
      continue;
    }
    if (text[at] == '\r' && at + 1 < text.size() && text[at + 1] == '\n') ++at;
    lines += "\r\n";
  }
  if (!lines.ends_with("\r\n")) lines += "\r\n";
  return lines;
}

// True if mail systems on the way have no reason to touch the lines.
bool is_plain_content(std::string_view lines) {
  while (!lines.empty()) {
    const auto line = lines.substr(0, lines.find("\r\n"));
    if (line.size() > kPlainLineMax || line.ends_with(' ') || line.ends_with('\t')) return false;
    if (!std::all_of(line.begin(), line.end(), [](char c) { return is_printable(c) || c == '\t'; })) return false;
    lines.remove_prefix(line.size() + 2);
  }
  return true;
}

GMimeContentEncoding encoding_for(std::string_view lines) {
  if (is_plain_content(lines)) return GMIME_CONTENT_ENCODING_7BIT;
  return g_mime_utils_best_encoding(reinterpret_cast<const unsigned char*>(lines.data()), lines.size());
}

Object<GMimePart> text_part(std::string_view lines) {
  Object<GMimePart> part(g_mime_part_new_with_type("text", "plain"));
  g_mime_object_set_content_type_parameter(GMIME_OBJECT(part.get()), "charset", "utf-8");
  const Object<GMimeStream> stream(g_mime_stream_mem_new_with_buffer(lines.data(), lines.size()));
  const Object<GMimeDataWrapper> content(
      g_mime_data_wrapper_new_with_stream(stream.get(), GMIME_CONTENT_ENCODING_DEFAULT));
  g_mime_part_set_content(part.get(), content.get());
  g_mime_part_set_content_encoding(part.get(), encoding_for(lines));
  return part;
}

std::string as_bytes(GMimeMessage* message) {
  const std::unique_ptr<GMimeFormatOptions, FreeFormat> format(g_mime_format_options_new());
  g_mime_format_options_set_newline_format(format.get(), GMIME_NEWLINE_FORMAT_DOS);
  const Object<GMimeStream> stream(g_mime_stream_mem_new());
  g_mime_object_write_to_stream(GMIME_OBJECT(message), format.get(), stream.get());
  const GByteArray* bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream.get()));
  return {reinterpret_cast<const char*>(bytes->data), bytes->len};
}

Error refuse(const std::string& why) {
  return make_error(ErrorClass::kPermanent, "the mail cannot be written: " + why);
}

// Sizes are the business of whoever accepted the request; here only what would break the mail's form counts.
MailLimits no_size_limits() {
  MailLimits limits;
  limits.subject_bytes_max = limits.content_bytes_max = limits.recipients_max = std::numeric_limits<int>::max();
  return limits;
}

}  // namespace

std::string mime_message_id(const MessageId& id, const std::string& from) {
  const auto domain = domain_of(from);
  // A name cannot stand before an address literal.
  return "<" + safe_name(id) + (domain.starts_with('[') ? "@" : "@waybill.") + std::string(domain) + ">";
}

Result<std::string> build_mime(const MailRequest& request, const MimeStamp& stamp) {
  if (const auto errors = check_mail_request(request, no_size_limits()); !errors.empty()) {
    return refuse(to_string(errors));
  }
  if (const auto status = check_mail_address(stamp.from); !status) return refuse("from: " + status.error().message);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(stamp.date).time_since_epoch().count();
  initialise_gmime();
  const std::unique_ptr<GDateTime, UnrefDate> date(g_date_time_new_from_unix_utc(seconds));
  if (!date) return refuse("the date is not within the years 1 to 9999");

  const Object<GMimeMessage> message(g_mime_message_new(/*pretty_headers=*/TRUE));
  g_mime_message_set_date(message.get(), date.get());
  g_mime_message_add_mailbox(message.get(), GMIME_ADDRESS_TYPE_FROM, nullptr, stamp.from.c_str());
  for (const auto& to : request.tos) {
    g_mime_message_add_mailbox(message.get(), GMIME_ADDRESS_TYPE_TO, nullptr, to.c_str());
  }
  const auto subject = is_plain_subject(request.subject) ? request.subject : encoded_words(request.subject);
  g_mime_message_set_subject(message.get(), subject.c_str(), "utf-8");
  const auto message_id = mime_message_id(stamp.id, stamp.from);
  g_mime_message_set_message_id(message.get(), message_id.substr(1, message_id.size() - 2).c_str());
  const auto lines = with_crlf(request.content);
  const auto part = text_part(lines);
  g_mime_message_set_mime_part(message.get(), GMIME_OBJECT(part.get()));
  return as_bytes(message.get());
}

}  // namespace waybill
