// libcurl's easy handle for one connection (CURLOPT_CONNECT_ONLY). One thread at a time.
#pragma once

#include <curl/curl.h>

#include <array>
#include <functional>
#include <string>
#include <string_view>

#include "mail/smtp/connection.h"
#include "mail/smtp/extensions.h"
#include "mail/smtp/relay_options.h"

namespace waybill::smtp {

class Connection::Handle {
 public:
  Handle();
  /// Without a word to the server, and without waiting for one.
  ~Handle();
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  /// Up to a session that is ready for MAIL. False: failure() says why.
  [[nodiscard]] bool connect(const RelayOptions& relay, const std::function<bool()>& cancelled);
  [[nodiscard]] const RelayFailure& failure() const { return failure_; }
  [[nodiscard]] const Extensions& offered() const { return listener_.offered(); }

  enum class Io { kDone, kBlocked, kEnded };
  /// `count`: bytes written.
  [[nodiscard]] Io send(std::string_view bytes, std::size_t& count);
  /// `bytes`: what came, valid until the next call.
  [[nodiscard]] Io receive(std::string_view& bytes);
  /// Until it may be read or written, or the time is over.
  void wait(bool writing, Duration time) const;
  /// What made send or receive answer kEnded.
  [[nodiscard]] std::string end_reason() const;

 private:
  void configure(const RelayOptions& relay);
  void explain(const RelayOptions& relay, CURLcode code);
  [[nodiscard]] std::string said(CURLcode code) const;
  static std::size_t on_line(char* data, std::size_t size, std::size_t count, void* self);
  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);

  CURL* const easy_;
  curl_socket_t socket_ = CURL_SOCKET_BAD;
  ExtensionListener listener_;
  RelayFailure failure_;
  const std::function<bool()>* cancelled_ = nullptr;  // while connecting
  CURLcode end_code_ = CURLE_OK;
  std::array<char, CURL_ERROR_SIZE> error_{};
  std::array<char, 16'384> received_{};
};

}  // namespace waybill::smtp
