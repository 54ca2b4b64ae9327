// Messages as they travel: a method, a header with size and properties, a body in frames. Pure; one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "broker/rabbitmq/protocol/frame_reader.h"
#include "broker/rabbitmq/protocol/properties.h"

namespace waybill::rabbitmq {

struct Content {
  Properties properties;
  std::string body;
  std::uint64_t body_size = 0;
  bool too_large = false;  ///< the body was larger than allowed and has been thrown away unread
};

/// Puts one content together after the other. Of bodies that carry a log's mark (core/headers.h) it holds at most
/// `marked_max` bytes: what was accepted once stays fit to be carried. Of others at most `body_max`.
class ContentAssembler {
 public:
  ContentAssembler(std::size_t body_max, std::size_t marked_max) : body_max_(body_max), marked_max_(marked_max) {}

  /// A method that a content follows has come. Errors (kPermanent): one was still under way.
  [[nodiscard]] Status expect();
  [[nodiscard]] bool under_way() const { return stage_ != Stage::kNone; }
  /// A header or body frame. A content if it completed one. Errors (kPermanent): it does not belong here.
  [[nodiscard]] Result<std::optional<Content>> take(const Frame& frame);
  /// The header of the content under way has come and says that the body is too large.
  [[nodiscard]] bool too_large() const { return content_.too_large; }
  void reset();

 private:
  enum class Stage { kNone, kHeader, kBody };
  [[nodiscard]] std::optional<Content> complete_if_whole();

  const std::size_t body_max_;
  const std::size_t marked_max_;
  Stage stage_ = Stage::kNone;
  Content content_;
  std::uint64_t missing_ = 0;
};

}  // namespace waybill::rabbitmq
