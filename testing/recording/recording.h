// A recording of what was written to a message log, and its replay on another one: the same writes at the same times
// must get the same answers. One JSON object a line:
//
//   {"now":ms,"writes":[{"verb":…}],"answers":["granted attempt=1 …"]}     a commit (write_json.h, answer_text.h)
//   {"now":ms,"foreign":{…},"inserted":true}                               a row that another program inserted
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <span>
#include <string>

#include "testing/recording/copy_names.h"

namespace waybill::recording {

/// Writes a recording. One thread; `out` outlives it, and its state tells whether everything was written.
class Recorder {
 public:
  explicit Recorder(std::ostream& out) : out_(out) {}

  /// After every commit that happened, in their order.
  void committed(std::span<const Write> writes, const Committed& committed);
  void foreign_row(const Row& row, WallTime now, bool inserted);

 private:
  std::ostream& out_;
  CopyNames names_;
};

/// Where a recording is replayed: an empty log.
struct ReplayTarget {
  MessageLog& log;
  std::function<void(WallTime)> set_clock;           ///< the store's clock stands at this time from now on
  std::function<Status(const Row&)> insert_foreign;  ///< past the port, with the nine classic columns
};

struct Difference {
  std::size_t line = 0;  ///< of the recording, from 1
  std::string write;     ///< as JSON
  std::string recorded;
  std::string replayed;
};
struct ReplayReport {
  std::size_t commits = 0;
  std::size_t writes = 0;
  std::size_t foreign_rows = 0;
  std::optional<Difference> difference;  ///< the first one, where the replay ended
};

/// Errors: kPermanent if a line cannot be read, naming it; what a commit that failed as a whole says.
[[nodiscard]] Result<ReplayReport> replay(std::istream& recording, const ReplayTarget& target);

}  // namespace waybill::recording
