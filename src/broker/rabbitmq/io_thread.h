// The one thread of a RabbitMQ broker: all its sockets, timers and machines.
#pragma once

#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace waybill::rabbitmq {

class IoThread {
 public:
  /// Starts it.
  IoThread();
  ~IoThread();
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  /// Joins it; what is still posted is dropped. May be called twice; not from the thread itself.
  void stop();
  /// Any thread. In the order posted.
  void post(std::function<void()> task);
  [[nodiscard]] boost::asio::io_context& context();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace waybill::rabbitmq
