// Between our strings and rabbitmq-c's: its codec takes and gives pointers into memory of others. For sources of this
// folder only.
#pragma once

#include <amqp.h>
#include <amqp_framing.h>

#include <string>
#include <string_view>

namespace waybill::rabbitmq {

/// The codec never writes through what it encodes.
inline amqp_bytes_t bytes_of(std::string_view text) {
  return {text.size(), const_cast<char*>(text.data())};  // NOLINT(cppcoreguidelines-pro-type-const-cast)
}
inline std::string_view view_of(const amqp_bytes_t& bytes) {
  return {static_cast<const char*>(bytes.bytes), bytes.len};
}
inline std::string text_of(const amqp_bytes_t& bytes) { return std::string(view_of(bytes)); }

/// Memory that the codec decodes into, given back at once in the end.
class Pool {
 public:
  Pool() { init_amqp_pool(&pool_, kPage); }
  ~Pool() { empty_amqp_pool(&pool_); }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  [[nodiscard]] amqp_pool_t* get() { return &pool_; }
  /// What was decoded before is gone. One page is kept for the next.
  void recycle() { recycle_amqp_pool(&pool_); }

 private:
  static constexpr std::size_t kPage = 4'096;
  amqp_pool_t pool_{};
};

}  // namespace waybill::rabbitmq
