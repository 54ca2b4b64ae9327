#include "log/rows/hot_first.h"

#include <algorithm>
#include <utility>

namespace waybill::rows {
namespace {

// Those that have no answer yet.
void by_rows(RowStore& store, std::span<const Write* const> writes, const Moment& moment,
             std::span<std::optional<Result<Answer>>> given) {
  std::vector<const Write*> left;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < writes.size(); ++i) {
    if (given[i]) continue;
    left.push_back(writes[i]);
    places.push_back(i);
  }
  if (left.empty()) return;
  auto answers = apply_by_rows(store, left, moment);
  if (store.failed()) return;
  for (std::size_t i = 0; i < places.size(); ++i) given[places[i]] = std::move(answers[i]);
}

}  // namespace

std::vector<Result<Answer>> apply_hot_first(RowStore& store, std::span<const Write* const> writes, const Moment& moment,
                                            const HotWay& hot) {
  Answers given(writes.size());
  std::size_t at = 0;
  while (at < writes.size() && !store.failed()) {
    std::size_t end = at;
    while (end < writes.size() && !finds_its_rows(*writes[end])) ++end;
    Answers named(end - at);
    if (end > at) hot(writes.subspan(at, end - at), named);
    std::ranges::move(named, given.begin() + static_cast<std::ptrdiff_t>(at));
    if (end < writes.size()) ++end;
    if (!store.failed()) by_rows(store, writes.subspan(at, end - at), moment, std::span(given).subspan(at, end - at));
    at = end;
  }
  std::vector<Result<Answer>> answers;
  if (store.failed()) return answers;
  answers.reserve(given.size());
  for (auto& answer : given) answers.push_back(*std::move(answer));
  return answers;
}

std::vector<std::size_t> single_writes(std::span<const Write* const> writes) {
  std::vector<std::size_t> order(writes.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto id = [&](std::size_t i) -> const MessageId& { return row_named_by(*writes[i]); };
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return id(a) < id(b); });
  std::vector<std::size_t> single;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const bool as_before = i > 0 && id(order[i - 1]) == id(order[i]);
    const bool as_next = i + 1 < order.size() && id(order[i + 1]) == id(order[i]);
    if (!as_before && !as_next && is_storable(id(order[i]))) single.push_back(order[i]);
  }
  return single;
}

}  // namespace waybill::rows
