#include "bench/sample_mail.h"

#include <algorithm>

#include "base/time.h"
#include "mail/mail_request.h"
#include "mail/mime.h"

namespace waybill::bench {
namespace {

constexpr std::size_t kLine = 70;
constexpr const char* kAnyId = "383058868344717312";  // as long as a real one
constexpr std::int64_t kAnyTime = 1'767'225'600'000;

std::string lines_of(std::size_t size) {
  std::string text;
  for (std::size_t left = size; left > 0;) {
    const std::size_t line = std::min(left, kLine);
    text.append(line - 1, '.').push_back('\n');
    left -= line;
  }
  return text;
}

}  // namespace

Result<SampleMail> sample_mail(int size, const std::string& from) {
  SampleMail mail{"Greetings", "", "someone@example.org", ""};
  const auto build = [&](std::size_t content) {
    mail.content = lines_of(content);
    return build_mime(MailRequest{mail.subject, mail.content, {mail.to}}, {{kAnyId}, from, from_millis(kAnyTime)});
  };
  constexpr std::size_t kLeast = 2;
  const auto least = build(kLeast);
  if (!least.ok()) return least.error();
  const std::size_t wanted = static_cast<std::size_t>(size) - std::min(least->size(), static_cast<std::size_t>(size));
  // Each line gets a CR on its way.
  auto built = build(kLeast + wanted * kLine / (kLine + 1));
  if (!built.ok()) return built.error();
  mail.bytes = std::move(*built);
  return mail;
}

}  // namespace waybill::bench
