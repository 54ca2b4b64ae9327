#include "broker/rabbitmq/connection.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <optional>
#include <string>
#include <utility>

#include "broker/rabbitmq/protocol/session_machine.h"
#include "broker/rabbitmq/tls.h"

namespace waybill::rabbitmq {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kReadSize = 256U << 10U;
// So that a long burst does not keep its memory for ever.
constexpr std::size_t kKeepBuffer = 1U << 20U;
/// What a peer said before it went can still be read when nothing can be written any more, and may say why it went.
constexpr Duration kLastWords{1'000};

class SocketConnection final : public Connection, public std::enable_shared_from_this<SocketConnection> {
 public:
  SocketConnection(asio::io_context& io, Place place, ConnectionRole& role, Hooks hooks)
      : place_(std::move(place)),
        role_(&role),
        hooks_(std::move(hooks)),
        machine_(place_.options, role),
        resolver_(io),
        timer_(io),
        last_words_(io),
        socket_(io) {
    read_buffer_.resize(kReadSize);
  }

  void start() {
    connect_deadline_ = Clock::now() + place_.options.connect_deadline;
    arm();
    error_code not_literal;
    const auto literal = asio::ip::make_address(place_.address.host, not_literal);
    if (!not_literal) return connect(std::array{tcp::endpoint(literal, place_.address.port)});
    resolver_.async_resolve(
        place_.address.host, std::to_string(place_.address.port),
        [self = shared_from_this()](const error_code& error, const tcp::resolver::results_type& found) {
          if (self->ended_) return;
          if (error) return self->fail("its name cannot be resolved: " + error.message());
          self->connect(found);
        });
  }

  void act(const std::function<void(MonoTime, Turn&)>& action) override {
    if (ended_) return;
    Turn turn;
    action(Clock::now(), turn);
    apply(turn);
  }

  void close() override {
    act([this](MonoTime now, Turn& turn) {
      if (connected_) return machine_.close(now, turn);
      turn.end_with({ConnectionEnd::Kind::kOrdered, "closed before it was connected"});
    });
  }

  void drop() override {
    ended_ = true;
    hooks_ = {};
    role_ = nullptr;
    close_socket();
  }

 private:
  // ---- coming up --------------------------------------------------------------------------------------------------

  template <class Endpoints>
  void connect(const Endpoints& endpoints) {
    asio::async_connect(socket_, endpoints, [self = shared_from_this()](const error_code& error, const tcp::endpoint&) {
      if (self->ended_) return;
      if (error) return self->fail(error.message());
      self->on_tcp_connected();
    });
  }

  void on_tcp_connected() {
    error_code ignored;  // without it small frames wait a little longer
    socket_.set_option(tcp::no_delay(true), ignored);
    if (!place_.tls) return on_stream_up();
    tls_.emplace(socket_, *place_.tls);
    name_host(tls_->native_handle(), place_.address.host);
    tls_->set_verify_callback(certificate_check(place_.address.host, tls_problem_));
    tls_->async_handshake(ssl::stream_base::client, [self = shared_from_this()](const error_code& error) {
      if (self->ended_) return;
      if (error) return self->fail_tls(error);
      self->on_stream_up();
    });
  }

  void fail_tls(const error_code& error) {
    using Kind = ConnectionEnd::Kind;
    if (!tls_problem_->empty()) return fail("its certificate is refused: " + *tls_problem_, Kind::kRefused);
    if (const auto why = client_certificate_trouble(error); !why.empty()) return fail(why, Kind::kRefused);
    if (error.category() == asio::error::get_ssl_category() &&
        ERR_GET_REASON(static_cast<unsigned long>(error.value())) == SSL_R_WRONG_VERSION_NUMBER) {
      return fail("it does not speak TLS there: write amqp:// or name its TLS port (5671)", Kind::kRefused);
    }
    fail("the TLS handshake failed: " + error.message());
  }

  void fail(const std::string& why, ConnectionEnd::Kind kind = ConnectionEnd::Kind::kLost) {
    Turn turn;
    turn.end_with({kind, "the broker at " + place_.address.text() + " cannot be used: " + why});
    apply(turn);
  }

  void on_stream_up() {
    connected_ = true;
    act([this](MonoTime now, Turn& turn) { machine_.on_connected(now, turn); });
    read();
  }

  // ---- reading and writing ----------------------------------------------------------------------------------------

  template <class Use>
  auto with_stream(const Use& use) {
    return tls_ ? use(*tls_) : use(socket_);
  }

  void read() {
    if (ended_) return;
    with_stream([this](auto& stream) {
      stream.async_read_some(asio::buffer(read_buffer_),
                             [self = shared_from_this()](const error_code& error, std::size_t size) {
                               if (self->ended_) return;
                               self->on_read(error, size);
                             });
    });
  }

  void on_read(const error_code& error, std::size_t size) {
    // By TLS 1.3 our side is up before the peer has looked at our certificate.
    if (const auto why = client_certificate_trouble(error); !why.empty())
      return fail(why, ConnectionEnd::Kind::kRefused);
    act([&](MonoTime now, Turn& turn) {
      if (size > 0) machine_.on_bytes({read_buffer_.data(), size}, now, turn);
      if (error)
        machine_.on_stream_end("the connection to " + place_.address.text() + " broke: " + error.message(), turn);
    });
    read();
  }

  [[nodiscard]] std::size_t unsent() const { return out_.size() + writing_.size() - written_; }

  void write() {
    if (ended_ || write_pending_ || write_failed_) return;
    if (written_ == writing_.size()) {
      writing_.clear();
      if (writing_.capacity() > kKeepBuffer) writing_.shrink_to_fit();
      written_ = 0;
      std::swap(writing_, out_);
    }
    if (writing_.empty()) return;
    write_pending_ = true;
    with_stream([this](auto& stream) {
      stream.async_write_some(asio::buffer(writing_.data() + written_, writing_.size() - written_),
                              [self = shared_from_this()](const error_code& error, std::size_t size) {
                                self->write_pending_ = false;
                                if (self->ended_) return;
                                self->on_written(error, size);
                              });
    });
  }

  void on_written(const error_code& error, std::size_t size) {
    written_ += size;
    write_failed_ = static_cast<bool>(error);
    act([&](MonoTime now, Turn&) { machine_.on_write(unsent(), size > 0, now); });
    if (error && !ended_) await_last_words("the connection to " + place_.address.text() + " broke: " + error.message());
  }

  void await_last_words(const std::string& reason) {
    last_words_.expires_after(kLastWords);
    last_words_.async_wait([self = shared_from_this(), reason](const error_code& error) {
      if (error || self->ended_) return;
      self->act([&](MonoTime, Turn& turn) { self->machine_.on_stream_end(reason, turn); });
    });
  }

  // ---- turns ------------------------------------------------------------------------------------------------------

  void apply(Turn& turn) {
    if (out_.empty()) {
      out_ = std::move(turn.out);
    } else {
      out_ += turn.out;
    }
    if (turn.end) return finish(*turn.end);
    write();
    machine_.on_write(unsent(), false, Clock::now());
    hooks_.on_unsent(unsent());
    hooks_.after_turn();
    arm();
  }

  void finish(const ConnectionEnd& end) {
    // A last word (close, close-ok) is worth one try; nobody waits for it.
    if (connected_ && !write_pending_ && !out_.empty()) {
      error_code ignored;
      socket_.non_blocking(true, ignored);
      with_stream([&](auto& stream) { return stream.write_some(asio::buffer(out_), ignored); });
    }
    ended_ = true;
    close_socket();
    role_->on_end(end);
    hooks_.after_turn();
    const Hooks hooks = std::exchange(hooks_, {});
    hooks.on_end(end);
  }

  void close_socket() {
    error_code ignored;  // it is left in any case
    resolver_.cancel();
    timer_.cancel();
    last_words_.cancel();
    socket_.close(ignored);
  }

  void arm() {
    if (ended_) return;
    const auto at = connected_ ? machine_.next_deadline() : std::optional(connect_deadline_);
    if (!at || (armed_ && *armed_ <= *at)) return;  // an earlier alarm looks again
    armed_ = at;
    timer_.expires_at(*at);
    timer_.async_wait([self = shared_from_this()](const error_code& error) {
      if (error || self->ended_) return;
      self->armed_.reset();
      self->on_alarm();
    });
  }

  void on_alarm() {
    if (!connected_) {
      if (Clock::now() >= connect_deadline_) return fail("it does not answer");
      return arm();
    }
    act([this](MonoTime now, Turn& turn) { machine_.on_tick(now, turn); });
  }

  const Place place_;
  ConnectionRole* role_;
  Hooks hooks_;
  SessionMachine machine_;
  tcp::resolver resolver_;
  asio::steady_timer timer_;
  asio::steady_timer last_words_;
  tcp::socket socket_;
  std::optional<ssl::stream<tcp::socket&>> tls_;
  const std::shared_ptr<std::string> tls_problem_ = std::make_shared<std::string>();
  std::string read_buffer_;
  std::string writing_;  // the socket has it, but for what comes after `written_`
  std::size_t written_ = 0;
  std::string out_;  // the next write
  bool write_pending_ = false;
  bool write_failed_ = false;
  bool connected_ = false;
  bool ended_ = false;
  MonoTime connect_deadline_;
  std::optional<MonoTime> armed_;
};

}  // namespace

std::shared_ptr<Connection> Connection::open(asio::io_context& io, Place place, ConnectionRole& role, Hooks hooks) {
  auto connection = std::make_shared<SocketConnection>(io, std::move(place), role, std::move(hooks));
  connection->start();
  return connection;
}

}  // namespace waybill::rabbitmq
