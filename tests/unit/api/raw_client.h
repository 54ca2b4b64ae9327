// A plain socket that speaks bytes, so that tests can say things no HTTP client would. Every wait has a deadline; a
// failure is a gtest failure. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace waybill::api {

struct RawResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  [[nodiscard]] std::string header(std::string_view name) const;  ///< empty if there is none
};

class RawClient {
 public:
  explicit RawClient(std::uint16_t port);
  ~RawClient();
  RawClient(RawClient&& other) noexcept : socket_(std::exchange(other.socket_, -1)), read_(std::move(other.read_)) {}
  RawClient& operator=(RawClient&&) = delete;

  /// False if the server has closed the connection.
  bool send(std::string_view bytes);
  /// Nothing if the connection ended first.
  std::optional<RawResponse> receive(bool to_head = false);
  /// True if the server closes the connection, and nothing comes before that.
  bool closed_by_server();
  void close_sending();
  /// Ends with a reset instead of a clean close.
  void reset();

  std::optional<RawResponse> ask(std::string_view request) {
    send(request);
    return receive();
  }

 private:
  bool read_more();
  int socket_ = -1;
  std::string read_;
};

struct RawRequest {
  std::string method = "POST";
  std::string target = "/mail/send/v2";
  std::string content_type = "application/json";  ///< empty: no header
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  ///< further ones
};
[[nodiscard]] std::string to_text(const RawRequest& request);
[[nodiscard]] std::string get_text(std::string_view target);

/// Room for many connections in one process.
void allow_many_sockets();

}  // namespace waybill::api
