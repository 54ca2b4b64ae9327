#include "broker/rabbitmq/protocol/content.h"

#include <algorithm>
#include <utility>

#include "core/headers.h"

namespace waybill::rabbitmq {
namespace {

/// What a header only says is believed so far.
constexpr std::size_t kReservedMax = 1U << 20U;

bool is_marked(const Headers& headers) {
  return std::any_of(headers.begin(), headers.end(), [](const auto& header) { return header.first == kHeaderMark; });
}

}  // namespace

Status ContentAssembler::expect() {
  if (under_way()) return make_error(ErrorClass::kPermanent, "the peer began a message inside another");
  content_ = {};
  stage_ = Stage::kHeader;
  return ok_status();
}

Result<std::optional<Content>> ContentAssembler::take(const Frame& frame) {
  const FrameKind wanted = stage_ == Stage::kHeader ? FrameKind::kHeader : FrameKind::kBody;
  if (stage_ == Stage::kNone || frame.kind != wanted) {
    return make_error(ErrorClass::kPermanent, "the peer sent a part of a message out of its place");
  }
  if (stage_ == Stage::kHeader) {
    auto header = decode_content_header(frame.payload);
    if (!header.ok()) return header.error();
    content_.properties = std::move(header->properties);
    content_.body_size = missing_ = header->body_size;
    content_.too_large = missing_ > (is_marked(content_.properties.headers) ? marked_max_ : body_max_);
    if (!content_.too_large) content_.body.reserve(std::min(static_cast<std::size_t>(missing_), kReservedMax));
    stage_ = Stage::kBody;
    return complete_if_whole();
  }
  if (frame.payload.empty() || frame.payload.size() > missing_) {
    return make_error(ErrorClass::kPermanent, "the peer sent a body of another size than it said");
  }
  missing_ -= frame.payload.size();
  if (!content_.too_large) content_.body.append(frame.payload);
  return complete_if_whole();
}

std::optional<Content> ContentAssembler::complete_if_whole() {
  if (missing_ > 0) return std::nullopt;
  stage_ = Stage::kNone;
  return std::exchange(content_, {});
}

void ContentAssembler::reset() {
  stage_ = Stage::kNone;
  content_ = {};
}

}  // namespace waybill::rabbitmq
