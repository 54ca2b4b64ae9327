#include "engine/bulk_operation.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

namespace waybill {
namespace {

constexpr int kPageRows = 1'000;
/// A paced operation takes as many messages at once as come due in this time.
constexpr Duration kPace{100};

}  // namespace

BulkOperation::BulkOperation(Loop& loop, LogLane& lane, ReadPage read_page, Plan plan, Done done)
    : loop_(loop), lane_(lane), read_page_(std::move(read_page)), plan_(std::move(plan)), done_(std::move(done)) {}

void BulkOperation::start() {
  report_.next_cursor = plan_.selection.cursor;
  read();
}

int BulkOperation::page_rows() const {
  const int left = std::min(kPageRows, plan_.selection.limit - handled());
  if (!plan_.paced || plan_.selection.rate <= 0) return left;
  const double share = plan_.selection.rate * std::chrono::duration<double>(kPace).count();
  return std::min(left, static_cast<int>(std::clamp(std::ceil(share), 1.0, double{kPageRows})));
}

void BulkOperation::read() {
  const ListFilter filter{plan_.selection.where, report_.next_cursor, page_rows()};
  read_page_(filter, [self = shared_from_this()](Result<ListPage> page) { self->on_page(std::move(page)); });
}

void BulkOperation::on_page(Result<ListPage> page) {
  if (!page.ok()) return handled() > 0 ? done_(report_) : done_(page.error());
  report_.next_cursor = page->next_cursor;
  const MonoTime now = loop_.now();
  if (page->rows.empty()) return go_on(now);
  std::vector<Write> writes;
  writes.reserve(page->rows.size());
  for (const Row& row : page->rows) {
    writes.push_back(plan_.write_for(row.message.id, handled() + static_cast<int>(writes.size())));
  }
  lane_.submit_all(
      std::move(writes), plan_.deadline,
      [self = shared_from_this(), now](const std::vector<Result<Answer>>& answers) { self->on_answers(answers, now); });
}

void BulkOperation::on_answers(const std::vector<Result<Answer>>& answers, MonoTime asked) {
  std::optional<Error> failure;
  for (const auto& answer : answers) {
    if (!answer.ok()) {
      if (!failure || answer.error().what == ErrorClass::kInDoubt) failure = answer.error();
      continue;
    }
    const bool applied = std::get<VerbAnswer>(*answer).applied();
    ++(applied ? report_.changed : report_.refused);
  }
  if (failure) {
    // Certain of this write, but not of the operation.
    if (handled() > 0) failure->what = ErrorClass::kInDoubt;
    return done_(*std::move(failure));
  }
  go_on(asked);
}

void BulkOperation::go_on(MonoTime page_began) {
  if (report_.next_cursor.empty() || handled() >= plan_.selection.limit || loop_.now() >= plan_.end) {
    return done_(report_);
  }
  if (!plan_.paced || plan_.selection.rate <= 0) return read();
  const double per_page = page_rows() / plan_.selection.rate;
  const auto next = page_began + std::chrono::ceil<Duration>(std::chrono::duration<double>(per_page));
  if (next >= plan_.end) return done_(report_);
  loop_.call_at(next, [self = shared_from_this()] { self->read(); });
}

}  // namespace waybill
