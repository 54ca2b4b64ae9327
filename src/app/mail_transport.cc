#include "app/mail_transport.h"

#include <string>
#include <utility>

#include "app/smtp_options.h"
#include "mail/journal.h"
#include "mail/maildir.h"
#include "mail/smtp/smtp_transport.h"

namespace waybill::app {
namespace {

Result<MailExit> open_inner(const Config& config) {
  if (!config.mail.smtp.relays.empty()) {
    auto transport = std::make_unique<smtp::SmtpTransport>(smtp_options(config));
    auto look = [relays = transport.get()] { return relays->figures(); };
    return MailExit{std::move(transport), std::move(look)};
  }
  auto maildir = Maildir::open(config.mail.maildir);
  if (!maildir.ok()) return maildir.error();
  return MailExit{std::move(*maildir), nullptr};
}

}  // namespace

Result<MailExit> open_mail_exit(const Config& config, const WallClock& clock) {
  auto exit = open_inner(config);
  if (!exit.ok() || config.mail.journal.empty()) return exit;
  auto journal = JournalTransport::open(config.mail.journal, std::move(exit->transport), clock);
  if (!journal.ok()) return journal.error();
  exit->transport = std::move(*journal);
  return exit;
}

std::string place_of(const MailConfig& config) {
  if (config.smtp.relays.empty()) return "maildir:" + config.maildir;
  std::string places;
  for (const auto& url : config.smtp.relays) places += (places.empty() ? "" : ",") + smtp::mask_relay_url(url);
  return places;
}

}  // namespace waybill::app
