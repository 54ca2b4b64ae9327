#include "mail/field_notes.h"

#include <algorithm>
#include <utility>

namespace waybill {
namespace {

constexpr std::string_view kDocument = "body";

bool lies_within(std::string_view place, std::string_view outer) {
  if (!place.starts_with(outer)) return false;
  return place.size() == outer.size() || place[outer.size()] == '.' || place[outer.size()] == '[';
}

}  // namespace

std::string item_place(const std::string& place, std::size_t index) {
  return place + "[" + std::to_string(index) + "]";
}

std::string member_place(const std::string& place, std::string_view name) {
  return (place.empty() ? "" : place + ".") + std::string(name);
}

std::string to_sentence(const FieldErrors& errors) {
  std::string all;
  for (const auto& error : errors) all += (all.empty() ? "'" : "; '") + error.field + "' " + error.message;
  return all;
}

void FieldNotes::add(const std::string& place, std::string why) {
  if (errors_.size() >= kMost) {
    ++more_;
    return;
  }
  errors_.push_back({place.empty() ? std::string(kDocument) : place, std::move(why)});
}

void FieldNotes::add_if(const std::string& place, std::optional<std::string> why) {
  if (why) add(place, *std::move(why));
}

void FieldNotes::add_further(const FieldErrors& errors) {
  const std::size_t known = errors_.size();
  for (const auto& error : errors) {
    const auto covers = [&](const FieldError& noted) { return lies_within(error.field, noted.field); };
    const auto end = errors_.begin() + static_cast<std::ptrdiff_t>(known);
    if (std::none_of(errors_.begin(), end, covers)) add(error.field, error.message);
  }
}

FieldErrors FieldNotes::take() {
  if (more_ > 0) errors_.back().message += "; and " + std::to_string(more_) + " more of its fields are wrong";
  more_ = 0;
  return std::move(errors_);
}

}  // namespace waybill
