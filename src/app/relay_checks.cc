#include "app/relay_checks.h"

#include <string>

#include "app/config_value.h"

namespace waybill::app {
namespace {

using smtp::RelayFailure;
using smtp::RelayTls;

// Greylisting asks for some minutes, and a server that is down for more.
constexpr Duration kPatienceLeast = std::chrono::hours(1);

const char* advice_for(RelayFailure::Kind kind) {
  switch (kind) {
    case RelayFailure::Kind::kTls:
      return "name its host in mail.smtp.relays as its certificate does, and its authority with mail.smtp.tls_ca; "
             "until "
             "then no mail goes there";
    case RelayFailure::Kind::kLogin:
      return "correct the user in mail.smtp.relays or what mail.smtp.password_file holds; until then no mail goes "
             "there";
    case RelayFailure::Kind::kUnreachable:
    case RelayFailure::Kind::kCancelled:
      break;
  }
  return "start it, or correct mail.smtp.relays; until then mail waits for it, and uses up no try";
}

std::string manner_of(const smtp::RelayOptions& relay) {
  std::string manner;
  switch (relay.tls) {
    case RelayTls::kStartTls:
      manner = "STARTTLS with a trusted certificate";
      break;
    case RelayTls::kImplicit:
      manner = "TLS with a trusted certificate";
      break;
    case RelayTls::kOpportunistic:
      manner = "TLS if it offers that, with whomever";
      break;
    case RelayTls::kNone:
      manner = "plain text";
      break;
  }
  return relay.user.empty() ? manner : manner + ", login as '" + relay.user + "'";
}

}  // namespace

Finding check_relay(const smtp::RelayOptions& relay, const std::optional<RelayFailure>& failure) {
  if (failure) return {Verdict::kProblem, failure->reason, advice_for(failure->kind)};
  const std::string what = "the relay " + smtp::name_of(relay) + " can be used: " + manner_of(relay);
  const bool readable = relay.tls == RelayTls::kNone || relay.tls == RelayTls::kOpportunistic;
  if (readable && !smtp::is_loopback(relay.host)) {
    return {Verdict::kWarning, what, "others may read mail on its way there; tls=required in its URL keeps them out"};
  }
  return {Verdict::kOk, what, {}};
}

Findings check_patience(const RetryPolicy& retry) {
  Duration all{0};
  for (int failed = 1; !retry.used_up(failed) && all < kPatienceLeast; ++failed) all += retry.delay_after(failed, 0);
  if (all >= kPatienceLeast) return {};
  return {{Verdict::kWarning,
           "a mail that a server does not take at once is given up after " + format_duration(all) +
               " (worker.retry = " + to_string(retry) + ")",
           "set worker.retry = \"standard\": busy and greylisting servers take mail minutes or hours later"}};
}

}  // namespace waybill::app
