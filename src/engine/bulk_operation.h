// One verb for many messages: pages of a selection, each changed by one batch of writes, until the selection, its limit
// or the time ends. Each page is read on the reading thread and answered on the loop, one after the other.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/loop.h"
#include "ports/log_lane.h"
#include "ports/operations.h"

namespace waybill {

class BulkOperation final : public std::enable_shared_from_this<BulkOperation> {
 public:
  using Done = std::function<void(Result<BulkReport>)>;
  /// Reads a page on the reading thread; answers there.
  using ReadPage = std::function<void(const ListFilter& filter, std::function<void(Result<ListPage>)> done)>;
  /// The write for one message; `nth` counts from 0 through the whole operation.
  using WriteFor = std::function<Write(const MessageId& id, int nth)>;

  struct Plan {
    Selection selection;
    WriteFor write_for;
    bool paced = false;  ///< keeps the selection's rate by waiting between pages
    MonoTime end;        ///< no page begins after it
    MonoTime deadline;   ///< of the writes
  };

  BulkOperation(Loop& loop, LogLane& lane, ReadPage read_page, Plan plan, Done done);
  /// Once, by a shared_ptr. The operation keeps itself alive until `done` has been called.
  void start();

 private:
  void read();
  void on_page(Result<ListPage> page);
  void on_answers(const std::vector<Result<Answer>>& answers, MonoTime asked);
  void go_on(MonoTime page_began);
  [[nodiscard]] int handled() const { return report_.changed + report_.refused; }
  [[nodiscard]] int page_rows() const;

  Loop& loop_;
  LogLane& lane_;
  const ReadPage read_page_;
  const Plan plan_;
  Done done_;
  BulkReport report_;
};

}  // namespace waybill
