#include "testing/tcp_gate.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <thread>
#include <vector>

namespace waybill {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

struct Doors {
  bool stalled = false;
  bool refusing = false;
  std::size_t fragment = 0;
};

/// One client and its server.
class Passage : public std::enable_shared_from_this<Passage> {
 public:
  Passage(tcp::socket client, const Doors& doors)
      : doors_(doors), client_(std::move(client)), server_(client_.get_executor()) {}

  void start(const tcp::endpoint& target) {
    server_.async_connect(target, [self = shared_from_this()](const error_code& error) {
      if (error) return self->close();
      error_code ignored;
      self->client_.set_option(tcp::no_delay(true), ignored);
      self->server_.set_option(tcp::no_delay(true), ignored);
      self->pass(self->up_);
      self->pass(self->down_);
    });
  }

  void close() {
    error_code ignored;
    client_.close(ignored);
    server_.close(ignored);
  }

  /// The doors have changed.
  void look() {
    for (Way* way : {&up_, &down_}) {
      if (way->waiting && !doors_.stalled) {
        way->waiting = false;
        pass(*way);
      }
    }
  }

 private:
  struct Way {
    tcp::socket& from;
    tcp::socket& to;
    std::array<char, 65'536> bytes{};
    bool waiting = false;
  };

  void pass(Way& way) {
    const std::size_t most = doors_.fragment == 0 ? way.bytes.size() : std::min(doors_.fragment, way.bytes.size());
    way.from.async_read_some(asio::buffer(way.bytes.data(), most),
                             [self = shared_from_this(), &way](const error_code& error, std::size_t size) {
                               if (error) return self->close();
                               self->write(way, size);
                             });
  }

  void write(Way& way, std::size_t size) {
    asio::async_write(way.to, asio::buffer(way.bytes.data(), size),
                      [self = shared_from_this(), &way](const error_code& error, std::size_t) {
                        if (error) return self->close();
                        if (self->doors_.stalled) {
                          way.waiting = true;
                        } else {
                          self->pass(way);
                        }
                      });
  }

  const Doors& doors_;
  tcp::socket client_;
  tcp::socket server_;
  Way up_{client_, server_};
  Way down_{server_, client_};
};

}  // namespace

struct TcpGate::Impl {
  Impl(const std::string& host, std::uint16_t port)
      : target(asio::ip::make_address(host), port), acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
    accept();  // first: without work the thread would end
    thread = std::thread([this] { io.run(); });
  }

  ~Impl() {
    io.stop();
    thread.join();
  }

  void accept() {
    acceptor.async_accept([this](const error_code& error, tcp::socket client) {
      if (!error && !doors.refusing) {
        auto passage = std::make_shared<Passage>(std::move(client), doors);
        passage->start(target);
        std::erase_if(passages, [](const auto& weak) { return weak.expired(); });
        passages.push_back(passage);
      }
      accept();
    });
  }

  void change(const std::function<void(Doors&)>& how) {
    asio::post(io, [this, how] {
      how(doors);
      for (const auto& weak : passages) {
        if (const auto passage = weak.lock()) passage->look();
      }
    });
  }

  asio::io_context io{1};
  const tcp::endpoint target;
  tcp::acceptor acceptor;
  Doors doors;
  std::vector<std::weak_ptr<Passage>> passages;
  std::thread thread;
};

TcpGate::TcpGate(const std::string& host, std::uint16_t port) : impl_(std::make_unique<Impl>(host, port)) {}
TcpGate::~TcpGate() = default;

std::uint16_t TcpGate::port() const { return impl_->acceptor.local_endpoint().port(); }

void TcpGate::cut() {
  asio::post(impl_->io, [impl = impl_.get()] {
    for (const auto& weak : impl->passages) {
      if (const auto passage = weak.lock()) passage->close();
    }
  });
}

void TcpGate::stall(bool on) {
  impl_->change([on](Doors& doors) { doors.stalled = on; });
}

void TcpGate::fragment(std::size_t bytes) {
  impl_->change([bytes](Doors& doors) { doors.fragment = bytes; });
}

void TcpGate::refuse(bool on) {
  impl_->change([on](Doors& doors) { doors.refusing = on; });
}

}  // namespace waybill
