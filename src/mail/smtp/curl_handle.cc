#include "mail/smtp/curl_handle.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <new>

#include "mail/smtp/reply_parser.h"

namespace waybill::smtp {
namespace {

// A larger piece would be one SSL_write, whose progress nobody sees before its end.
constexpr std::size_t kPieceMax = 65'536;

// libcurl's own set-up, once and before any handle; it stays until the process ends.
CURL* new_handle() {
  static const CURLcode ready = ::curl_global_init(CURL_GLOBAL_DEFAULT);
  CURL* const easy = ready == CURLE_OK ? ::curl_easy_init() : nullptr;
  if (easy == nullptr) throw std::bad_alloc();
  return easy;
}

long tls_use(RelayTls tls) {
  switch (tls) {
    case RelayTls::kNone:
      return CURLUSESSL_NONE;
    case RelayTls::kOpportunistic:
      return CURLUSESSL_TRY;
    case RelayTls::kStartTls:
    case RelayTls::kImplicit:
      break;
  }
  return CURLUSESSL_ALL;
}

template <class Value>
void set(CURL* easy, CURLoption option, Value value) {
  // Refused are only unknown options and values: a fault of ours, or no memory.
  if (::curl_easy_setopt(easy, option, value) != CURLE_OK) throw std::bad_alloc();
}

const char* login_options(RelayAuth auth) {
  switch (auth) {
    case RelayAuth::kAny:
      return "AUTH=*";
    case RelayAuth::kPlain:
      return "AUTH=PLAIN";
    case RelayAuth::kLogin:
      return "AUTH=LOGIN";
    case RelayAuth::kXoauth2:
      return "AUTH=XOAUTH2";
  }
  return "AUTH=*";
}

}  // namespace

Connection::Handle::Handle() : easy_(new_handle()) {}

Connection::Handle::~Handle() {
  // libcurl would say QUIT and wait for the answer.
  if (socket_ != CURL_SOCKET_BAD) ::shutdown(socket_, SHUT_RDWR);
  ::curl_easy_cleanup(easy_);
}

void Connection::Handle::configure(const RelayOptions& relay) {
  const char* scheme = relay.tls == RelayTls::kImplicit ? "smtps://" : "smtp://";
  const std::string url = scheme + name_of(relay) + "/" + relay.ehlo_name;
  set(easy_, CURLOPT_URL, url.c_str());
  set(easy_, CURLOPT_CONNECT_ONLY, 1L);
  set(easy_, CURLOPT_NOSIGNAL, 1L);
  set(easy_, CURLOPT_PROXY, "");  // mail does not follow the environment's proxies
  set(easy_, CURLOPT_ERRORBUFFER, error_.data());
  set(easy_, CURLOPT_USE_SSL, tls_use(relay.tls));
  if (relay.tls == RelayTls::kOpportunistic) {  // whoever could show another certificate could take the offer away
    set(easy_, CURLOPT_SSL_VERIFYPEER, 0L);
    set(easy_, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  if (!relay.ca_file.empty()) set(easy_, CURLOPT_CAINFO, relay.ca_file.c_str());
  set(easy_, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(relay.connect_timeout.count()));
  set(easy_, CURLOPT_TIMEOUT_MS, static_cast<long>(relay.connect_timeout.count()));
  set(easy_, CURLOPT_HEADERFUNCTION, &Handle::on_line);
  set(easy_, CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(easy_, CURLOPT_NOPROGRESS, 0L);
  set(easy_, CURLOPT_XFERINFOFUNCTION, &Handle::on_progress);
  set(easy_, CURLOPT_XFERINFODATA, static_cast<void*>(this));
  if (relay.user.empty()) return;
  set(easy_, CURLOPT_USERNAME, relay.user.c_str());
  set(easy_, relay.auth == RelayAuth::kXoauth2 ? CURLOPT_XOAUTH2_BEARER : CURLOPT_PASSWORD, relay.secret.c_str());
  set(easy_, CURLOPT_LOGIN_OPTIONS, login_options(relay.auth));
}

bool Connection::Handle::connect(const RelayOptions& relay, const std::function<bool()>& cancelled) {
  configure(relay);
  cancelled_ = &cancelled;
  const CURLcode code = ::curl_easy_perform(easy_);
  cancelled_ = nullptr;
  if (code != CURLE_OK) {
    explain(relay, code);
    return false;
  }
  if (::curl_easy_getinfo(easy_, CURLINFO_ACTIVESOCKET, &socket_) != CURLE_OK || socket_ == CURL_SOCKET_BAD) {
    failure_ = {RelayFailure::Kind::kUnreachable, "the relay " + name_of(relay) + " ended the connection"};
    return false;
  }
  // libcurl goes on without a login where none is offered.
  if (!relay.user.empty() && !listener_.offered().auth) {
    failure_ = {RelayFailure::Kind::kLogin,
                "the relay " + name_of(relay) + " offers no login, and a user is configured for it"};
    return false;
  }
  return true;
}

std::string Connection::Handle::said(CURLcode code) const {
  const std::string text = fit_to_show(error_[0] != '\0' ? error_.data() : ::curl_easy_strerror(code));
  return listener_.last_refusal().empty() ? text : text + "; it said '" + listener_.last_refusal() + "'";
}

void Connection::Handle::explain(const RelayOptions& relay, CURLcode code) {
  using Kind = RelayFailure::Kind;
  const std::string name = "the relay " + name_of(relay);
  switch (code) {
    case CURLE_ABORTED_BY_CALLBACK:
      failure_ = {Kind::kCancelled, "the attempt was cancelled"};
      return;
    case CURLE_LOGIN_DENIED:
      failure_ = {Kind::kLogin, name + " refuses the login of '" + fit_to_show(relay.user) + "': " + said(code)};
      return;
    case CURLE_USE_SSL_FAILED:
      failure_ = {Kind::kTls, name + " offers no STARTTLS, which is required: " + said(code)};
      return;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
      failure_ = {Kind::kTls, "no trusted TLS with " + name + ": " + said(code)};
      return;
    default:
      failure_ = {Kind::kUnreachable, name + " cannot be used: " + said(code)};
  }
}

Connection::Handle::Io Connection::Handle::send(std::string_view bytes, std::size_t& count) {
  count = 0;
  const CURLcode code = ::curl_easy_send(easy_, bytes.data(), std::min(bytes.size(), kPieceMax), &count);
  if (code == CURLE_OK && count > 0) return Io::kDone;
  if (code == CURLE_OK || code == CURLE_AGAIN) return Io::kBlocked;
  end_code_ = code;
  return Io::kEnded;
}

Connection::Handle::Io Connection::Handle::receive(std::string_view& bytes) {
  std::size_t count = 0;
  const CURLcode code = ::curl_easy_recv(easy_, received_.data(), received_.size(), &count);
  bytes = std::string_view(received_.data(), count);
  if (code == CURLE_AGAIN) return Io::kBlocked;
  if (code == CURLE_OK && count > 0) return Io::kDone;
  end_code_ = code;
  return Io::kEnded;
}

void Connection::Handle::wait(bool writing, Duration time) const {
  pollfd wanted{socket_, static_cast<short>(writing ? POLLIN | POLLOUT : POLLIN), 0};
  // Interrupted or failed: the next send or receive says what is the matter.
  [[maybe_unused]] const int ready = ::poll(&wanted, 1, static_cast<int>(std::max(time, Duration(1)).count()));
}

std::string Connection::Handle::end_reason() const {
  return end_code_ == CURLE_OK ? "the server closed it" : ::curl_easy_strerror(end_code_);
}

std::size_t Connection::Handle::on_line(char* data, std::size_t size, std::size_t count, void* self) {
  static_cast<Handle*>(self)->listener_.hear(std::string_view(data, size * count));
  return size * count;
}

int Connection::Handle::on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  const auto* const cancelled = static_cast<Handle*>(self)->cancelled_;
  return cancelled != nullptr && (*cancelled)() ? 1 : 0;
}

}  // namespace waybill::smtp
