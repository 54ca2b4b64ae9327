#include "tests/contract/memory_log_under_test.h"

namespace waybill::contract {

Status MemoryLogUnderTest::insert_foreign(const ForeignRow& foreign) {
  const WallTime now = clock_.now();
  const ForeignRow::Rest rest = foreign.rest.value_or(ForeignRow::Rest{0, 0, now, now, now});
  if (rest.status < 0 || rest.status >= static_cast<int>(kStateCount)) {
    return make_error(ErrorClass::kPermanent, "there is no such state");
  }
  Row row;
  row.message.id = {foreign.id};
  row.message.route = foreign.route;
  row.message.body = Body(foreign.msg);
  row.message.content_type = foreign.content_type;
  row.message.headers = foreign.headers;
  row.status = static_cast<State>(rest.status);
  row.try_count = rest.try_count;
  row.next_try_time = rest.next_try_time;
  row.create_time = rest.create_time;
  row.update_time = rest.update_time;
  return log_.insert_foreign(row);
}

}  // namespace waybill::contract
