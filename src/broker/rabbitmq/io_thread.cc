#include "broker/rabbitmq/io_thread.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <thread>
#include <utility>

#include "base/fail_stop.h"

namespace waybill::rabbitmq {

namespace asio = boost::asio;

struct IoThread::Impl {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::thread thread{[this] { run_or_abort("rabbitmq", [this] { context.run(); }); }};
};

IoThread::IoThread() : impl_(std::make_unique<Impl>()) {}

IoThread::~IoThread() { stop(); }

void IoThread::stop() {
  impl_->context.stop();
  if (impl_->thread.joinable()) impl_->thread.join();
}

void IoThread::post(std::function<void()> task) { asio::post(impl_->context, std::move(task)); }

asio::io_context& IoThread::context() { return impl_->context; }

}  // namespace waybill::rabbitmq
