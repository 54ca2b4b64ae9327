// A transport before one or more scripted peers.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "mail/smtp/smtp_transport.h"
#include "tests/unit/mail/smtp/scripted_peer.h"

namespace waybill::smtp {

class CountingGate final : public EffectGate {
 public:
  [[nodiscard]] bool begin_effect() override {
    ++begun;
    return answer;
  }
  [[nodiscard]] bool cancelled() const override { return is_cancelled; }
  void record(std::vector<RecipientRecord> told) override {
    for (auto& one : told) recipients.push_back(std::move(one));
  }
  bool answer = true;
  std::atomic<int> begun{0};
  std::atomic<bool> is_cancelled{false};
  std::vector<RecipientRecord> recipients;  // recorded, by one thread
};

inline MailToDeliver mail_to(std::vector<std::string> to, const std::string& id = "1") {
  return {{id}, {"s@x", std::move(to)}, "Subject: s\r\n\r\n.body\r\n"};
}

inline SmtpOptions options_for(const std::vector<std::string>& urls) {
  SmtpOptions options;
  for (const auto& url : urls) {
    auto relay = parse_relay_url(url);
    if (!relay) throw std::runtime_error(relay.error().message);
    relay->connect_timeout = std::chrono::seconds(20);
    options.relays.push_back(*relay);
  }
  return options;
}

/// For relays that hang: long enough for one that does not, on a busy machine.
inline DialogueTimeouts short_timeouts() {
  DialogueTimeouts timeouts;
  timeouts.command = timeouts.data = timeouts.dot = std::chrono::seconds(1);
  return timeouts;
}

class SmtpTransportTest : public testing::Test {
 protected:
  void start(const SmtpOptions& options) { transport_ = std::make_unique<SmtpTransport>(options); }
  void start() { start(options_for({peer_.url()})); }
  void start_impatiently() {
    auto options = options_for({peer_.url()});
    options.timeouts = short_timeouts();
    start(options);
  }
  /// One attempt more, which is told what those before it recorded of the same mail.
  HandlerOutcome deliver(MailToDeliver mail) {
    if (!transport_) start();
    auto& known = recorded_[mail.msg_id.value];
    for (const auto& [_, record] : known) mail.recipients.push_back(record);
    auto outcome = transport_->deliver(mail, gate_);
    for (auto& told : std::exchange(gate_.recipients, {})) {
      const auto kept = known.find(told.address);
      if (kept == known.end() || replaces(kept->second, told)) known.insert_or_assign(told.address, told);
    }
    return outcome;
  }

  ScriptedPeer peer_;
  CountingGate gate_;
  std::map<std::string, std::map<std::string, RecipientRecord>> recorded_;  // by mail and address
  std::unique_ptr<SmtpTransport> transport_;                                // gone before the peers
};

inline std::string text_of(const HandlerOutcome& outcome) {
  if (const auto* done = std::get_if<Done>(&outcome)) return "done: " + done->result;
  if (const auto* retry = std::get_if<Retry>(&outcome)) return "retry: " + retry->error;
  if (const auto* fail = std::get_if<Fail>(&outcome)) return "fail: " + fail->error;
  return "unknown: " + std::get<Unknown>(outcome).detail;
}

/// `outcome` is of the kind, and its text holds `part`.
inline testing::AssertionResult is(const HandlerOutcome& outcome, const std::string& kind,
                                   const std::string& part = "") {
  const auto text = text_of(outcome);
  if (text.starts_with(kind + ": ") && text.find(part) != std::string::npos) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "it is '" << text << "'";
}

}  // namespace waybill::smtp
