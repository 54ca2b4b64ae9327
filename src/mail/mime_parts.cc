#include "mail/mime_parts.h"

#include <gmime/gmime.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "mail/mail_text.h"
#include "mail/media_type.h"

namespace waybill {
namespace {

struct Unref {
  void operator()(void* object) const { g_object_unref(object); }
};
struct FreeFormat {
  void operator()(GMimeFormatOptions* format) const { g_mime_format_options_free(format); }
};
template <class T>
using Object = std::unique_ptr<T, Unref>;
using Part = Object<GMimeObject>;

constexpr std::size_t kPlainLineMax = 78;  // RFC 5322, 2.1.1: what a line should not exceed

// GMime keeps tables that all threads read; they live as long as the process.
void initialise_gmime() {
  static std::once_flag once;
  std::call_once(once, [] { g_mime_init(); });
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const bool plain =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-';
    if (plain) {
      encoded += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded += {'%', kDigits[byte >> 4U], kDigits[byte & 0xFU]};
    }
  }
  return encoded;
}

// The text is valid UTF-8.
std::vector<std::string_view> characters_of(std::string_view text) {
  std::vector<std::string_view> characters;
  while (!text.empty()) {
    std::size_t length = 1;
    while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U) ++length;
    characters.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return characters;
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

// True if mail systems on the way have no reason to touch the lines, and none of them is like a boundary.
bool is_plain_content(std::string_view lines) {
  while (!lines.empty()) {
    const auto line = lines.substr(0, lines.find("\r\n"));
    if (line.size() > kPlainLineMax || line.ends_with(' ') || line.ends_with('\t')) return false;
    if (line.starts_with("--=_")) return false;
    if (!std::all_of(line.begin(), line.end(), [](char c) { return (c >= 0x20 && c < 0x7f) || c == '\t'; }))
      return false;
    lines.remove_prefix(line.size() + 2);
  }
  return true;
}

GMimeContentEncoding encoding_for(std::string_view lines) {
  if (is_plain_content(lines)) return GMIME_CONTENT_ENCODING_7BIT;
  const auto best = g_mime_utils_best_encoding(reinterpret_cast<const unsigned char*>(lines.data()), lines.size());
  return best == GMIME_CONTENT_ENCODING_BASE64 ? best : GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE;
}

void set_content(GMimePart* part, std::string_view bytes, GMimeContentEncoding encoding) {
  const Object<GMimeStream> stream(g_mime_stream_mem_new_with_buffer(bytes.data(), bytes.size()));
  const Object<GMimeDataWrapper> content(
      g_mime_data_wrapper_new_with_stream(stream.get(), GMIME_CONTENT_ENCODING_DEFAULT));
  g_mime_part_set_content(part, content.get());
  g_mime_part_set_content_encoding(part, encoding);
}

Part text_part(const char* subtype, std::string_view text) {
  Object<GMimePart> part(g_mime_part_new_with_type("text", subtype));
  g_mime_object_set_content_type_parameter(GMIME_OBJECT(part.get()), "charset", "utf-8");
  const auto lines = with_crlf(text);
  set_content(part.get(), lines, encoding_for(lines));
  return Part(GMIME_OBJECT(part.release()));
}

// A parameter's value in any script (RFC 2231). GMime 3.2 cuts long ones within a character, which some readers decode
// piece by piece.
std::string parameter(const std::string& name, std::string_view value) {
  constexpr std::size_t kPieceMax = 60;
  if (value.size() <= kPieceMax && is_printable_ascii(value) && value.find("=?") == std::string_view::npos) {
    return ";\n " + name + "=" + quoted_string(value);
  }
  std::vector<std::string> pieces;
  for (const auto character : characters_of(value)) {
    const auto written = percent_encoded(character);
    if (pieces.empty() || pieces.back().size() + written.size() > kPieceMax) pieces.emplace_back();
    pieces.back() += written;
  }
  std::string all;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const auto number = pieces.size() > 1 ? "*" + std::to_string(i) : std::string();
    all.append(";\n ").append(name).append(number).append(i == 0 ? "*=UTF-8''" : "*=").append(pieces[i]);
  }
  return all;
}

void set_disposition(GMimeObject* object, const Attachment& attachment) {
  const bool is_inline = !attachment.content_id.empty();
  g_mime_object_set_disposition(object, is_inline ? GMIME_DISPOSITION_INLINE : GMIME_DISPOSITION_ATTACHMENT);
  if (attachment.filename.empty()) return;
  GMimeHeader* header = g_mime_header_list_get_header(g_mime_object_get_header_list(object), "Content-Disposition");
  const auto raw =
      std::string(is_inline ? " inline" : " attachment") + parameter("filename", attachment.filename) + "\n";
  g_mime_header_set_raw_value(header, raw.c_str());
}

// Base64 whatever it is: an attachment's bytes arrive as they are.
Part attachment_part(const Attachment& attachment) {
  const auto media = read_media_type(attachment.content_type).value_or(MediaType{"application", "octet-stream", {}});
  Object<GMimePart> part(g_mime_part_new_with_type(media.type.c_str(), media.subtype.c_str()));
  auto* object = GMIME_OBJECT(part.get());
  for (const auto& [name, value] : media.parameters) {
    g_mime_object_set_content_type_parameter(object, name.c_str(), value.c_str());
  }
  set_disposition(object, attachment);
  if (!attachment.content_id.empty()) g_mime_part_set_content_id(part.get(), attachment.content_id.c_str());
  set_content(part.get(), attachment.content, GMIME_CONTENT_ENCODING_BASE64);
  return Part(GMIME_OBJECT(part.release()));
}

// Puts parts together, each `multipart` with a boundary of its own.
class Assembler {
 public:
  explicit Assembler(const std::string& boundary) : boundary_(boundary) {}

  /// One part alone stays what it is.
  [[nodiscard]] Part together(const char* subtype, std::vector<Part> parts) {
    if (parts.size() == 1) return std::move(parts.front());
    Object<GMimeMultipart> multipart(g_mime_multipart_new_with_subtype(subtype));
    g_mime_multipart_set_boundary(multipart.get(), (boundary_ + "." + subtype).c_str());
    for (const auto& part : parts) g_mime_multipart_add(multipart.get(), part.get());
    return Part(GMIME_OBJECT(multipart.release()));
  }

 private:
  const std::string& boundary_;
};

// RFC 2387: what a reader who knows nothing of its parts may look for.
void name_root(GMimeObject* related, const char* type) {
  g_mime_object_set_content_type_parameter(related, "type", type);
}

Part assemble(const Mail& mail, const std::string& boundary) {
  Assembler assembler(boundary);
  std::vector<Part> texts;
  if (!mail.text.empty()) texts.push_back(text_part("plain", mail.text));
  if (!mail.html.empty()) texts.push_back(text_part("html", mail.html));
  const char* root = texts.size() > 1 ? "multipart/alternative" : "text/html";

  std::vector<Part> outer;
  std::vector<Part> shown;
  if (!texts.empty()) shown.push_back(assembler.together("alternative", std::move(texts)));
  for (const auto& attachment : mail.attachments) {
    const bool is_shown = !mail.html.empty() && !attachment.content_id.empty();
    if (is_shown) shown.push_back(attachment_part(attachment));
  }
  const bool is_related = shown.size() > 1;
  if (!shown.empty()) outer.push_back(assembler.together("related", std::move(shown)));
  if (is_related) name_root(outer.front().get(), root);
  for (const auto& attachment : mail.attachments) {
    if (mail.html.empty() || attachment.content_id.empty()) outer.push_back(attachment_part(attachment));
  }
  return assembler.together("mixed", std::move(outer));
}

// Written into room that it need not leave: the array would otherwise be doubled and copied as it grows.
std::string as_bytes(GMimeObject* object, std::size_t expected) {
  const std::unique_ptr<GMimeFormatOptions, FreeFormat> format(g_mime_format_options_new());
  g_mime_format_options_set_newline_format(format.get(), GMIME_NEWLINE_FORMAT_DOS);
  const Object<GMimeStream> stream(
      g_mime_stream_mem_new_with_byte_array(g_byte_array_sized_new(static_cast<guint>(expected))));
  g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream.get()), TRUE);
  g_mime_object_write_to_stream(object, format.get(), stream.get());
  const GByteArray* bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream.get()));
  return {reinterpret_cast<const char*>(bytes->data), bytes->len};
}

std::size_t expected_bytes(const Mail& mail) {
  constexpr std::size_t kFrame = 1'024;
  std::size_t bytes = kFrame + mail.text.size() + mail.html.size();
  for (const auto& attachment : mail.attachments) bytes += kFrame + attachment.content.size() / 72 * 100;
  return bytes;
}

}  // namespace

std::string build_mime_parts(const Mail& mail, const std::string& boundary) {
  initialise_gmime();
  const auto whole = assemble(mail, boundary);
  auto bytes = as_bytes(whole.get(), expected_bytes(mail));
  if (!bytes.ends_with("\r\n")) bytes += "\r\n";
  return bytes;
}

}  // namespace waybill
