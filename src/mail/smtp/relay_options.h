// One relay: where it is, how to get in, and how much it may be asked. Pure values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace waybill::smtp {

enum class RelayTls {
  kStartTls,       ///< asked for, and without it nothing is sent
  kOpportunistic,  ///< used where it is offered, with whomever: hides mail from those who only listen
  kImplicit,       ///< from the first byte, as on port 465
  kNone,           ///< plain text; the default for this machine itself only
};
enum class RelayAuth { kAny, kPlain, kLogin, kXoauth2 };

struct RelayOptions {
  std::string host;
  std::uint16_t port = 25;
  RelayTls tls = RelayTls::kStartTls;
  std::string user;    ///< empty: no login
  std::string secret;  ///< password, or token for kXoauth2
  RelayAuth auth = RelayAuth::kAny;
  std::string ehlo_name = "localhost";
  std::string ca_file;  ///< PEM; empty: the system's authorities
  /// For all that comes before the first mail: name, connection, greeting, TLS, login.
  Duration connect_timeout = std::chrono::seconds(30);

  int weight = 1;  ///< share of the mails; 0: only while no other relay can be used
  int connections_max = 8;
  int mails_per_connection = 100;
  Duration idle_max = std::chrono::seconds(30);  ///< of a connection kept open; below what the server allows
  double mails_per_second = 0;                   ///< 0: without limit
};

/// `smtp://[user[:secret]@]host[:25]` with STARTTLS, or `smtps://…[:465]` with TLS from the start; in the query
/// `tls=required|opportunistic|none`, `auth=any|plain|login|xoauth2`, `weight=N`. User and secret are percent-encoded.
/// Errors (kPermanent): one sentence, without the secret.
[[nodiscard]] Result<RelayOptions> parse_relay_url(std::string_view url);

/// The URL with its secret, if it has one, masked. Of a text that is no such URL nothing is shown.
[[nodiscard]] std::string mask_relay_url(std::string_view url);

/// Says which option is wrong and what would be right.
[[nodiscard]] Status validate(const RelayOptions& options);

/// `host:port`, for people.
[[nodiscard]] std::string name_of(const RelayOptions& options);

/// One that a server may be greeted with.
[[nodiscard]] bool is_host_name(std::string_view text);

/// `localhost` or an address of this machine's loopback.
[[nodiscard]] bool is_loopback(std::string_view host);

}  // namespace waybill::smtp
