#include "app/mail_transport.h"

#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "app/smtp_options.h"
#include "mail/journal.h"
#include "mail/maildir.h"
#include "mail/smtp/smtp_transport.h"

namespace waybill::app {
namespace {

class ProcessBook final : public smtp::RecipientBook {
 public:
  Result<std::vector<smtp::RecipientRecord>> read(const MessageId& id, const std::vector<std::string>& to) override {
    const std::lock_guard lock(mutex_);
    std::vector<smtp::RecipientRecord> records;
    for (const auto& address : to) {
      const auto found = records_.find({id.value, address});
      records.push_back(found == records_.end() ? smtp::RecipientRecord{address, {}, ""} : found->second);
    }
    return records;
  }
  Status record(const MessageId& id, const std::vector<smtp::RecipientRecord>& records) override {
    const std::lock_guard lock(mutex_);
    for (const auto& record : records) {
      if (!smtp::is_open(record.outcome.fate)) records_[{id.value, record.address}] = record;
    }
    return ok_status();
  }

 private:
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, smtp::RecipientRecord> records_;
};

class BookedTransport final : public MailTransport {
 public:
  explicit BookedTransport(const smtp::SmtpOptions& options) : inner_(options, book_) {}
  HandlerOutcome deliver(const MailToDeliver& mail, EffectGate& gate) override { return inner_.deliver(mail, gate); }
  [[nodiscard]] std::vector<RelayFigures> figures() const { return inner_.figures(); }

 private:
  ProcessBook book_;
  smtp::SmtpTransport inner_;
};

Result<MailExit> open_inner(const Config& config) {
  if (!config.mail.smtp.relays.empty()) {
    auto transport = std::make_unique<BookedTransport>(smtp_options(config));
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
