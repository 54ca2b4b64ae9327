#include "testing/recording/recording.h"

#include <boost/json.hpp>
#include <istream>
#include <ostream>
#include <utility>
#include <vector>

#include "testing/recording/answer_text.h"
#include "testing/recording/write_json.h"

namespace waybill::recording {
namespace {

namespace json = boost::json;

std::string insertion_text(bool inserted) { return inserted ? "inserted" : "refused"; }

struct Line {
  WallTime now{};
  json::object object;
};

Result<Line> parse_line(const std::string& text) {
  json::parse_options options;
  options.allow_invalid_utf8 = true;  // a header's value is bytes
  json::error_code error;
  const json::value value = json::parse(text, error, {}, options);
  const json::object* object = error ? nullptr : value.if_object();
  const json::value* now = object != nullptr ? object->if_contains("now") : nullptr;
  if (now == nullptr || !now->is_int64()) return make_error(ErrorClass::kPermanent, "not an object with a time 'now'");
  return Line{from_millis(now->get_int64()), *object};
}

const json::array* array_of(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(name);
  return found != nullptr ? found->if_array() : nullptr;
}

/// One replay: the target, and what it has brought to light so far.
class Player {
 public:
  explicit Player(const ReplayTarget& target) : target_(target) {}

  Status play(const Line& line) {
    target_.set_clock(line.now);
    if (const json::value* row = line.object.if_contains("foreign")) return play_foreign(*row, line.object);
    return play_commit(line.object);
  }
  ReplayReport report;

 private:
  Status play_foreign(const json::value& json_row, const json::object& line) {
    const auto row = foreign_row_from_json(json_row);
    if (!row.ok()) return row.error();
    const json::value* inserted = line.if_contains("inserted");
    if (inserted == nullptr || !inserted->is_bool()) return make_error(ErrorClass::kPermanent, "no 'inserted'");
    ++report.foreign_rows;
    compare(json_row, insertion_text(inserted->get_bool()), insertion_text(target_.insert_foreign(*row).ok()));
    return ok_status();
  }

  Status play_commit(const json::object& line) {
    const json::array* json_writes = array_of(line, "writes");
    const json::array* answers = array_of(line, "answers");
    if (json_writes == nullptr || answers == nullptr || json_writes->size() != answers->size()) {
      return make_error(ErrorClass::kPermanent, "'writes' and 'answers' are arrays of the same length");
    }
    std::vector<Write> writes;
    for (const json::value& one : *json_writes) {
      auto write = write_from_json(one);
      if (!write.ok()) return write.error();
      writes.push_back(names_.resolved(std::move(*write)));
    }
    const auto committed = target_.log.commit(writes);
    if (!committed.ok()) return committed.error();
    names_.learn(*committed);
    ++report.commits;
    report.writes += writes.size();
    for (std::size_t i = 0; i < writes.size() && !report.difference; ++i) {
      if (!answers->at(i).is_string()) return make_error(ErrorClass::kPermanent, "an answer is a string");
      compare(json_writes->at(i), std::string(answers->at(i).get_string()), answer_text(committed->answers[i], names_));
    }
    return ok_status();
  }

  void compare(const json::value& write, std::string recorded, std::string replayed) {
    if (recorded == replayed) return;
    report.difference = Difference{0, json::serialize(write), std::move(recorded), std::move(replayed)};
  }

  const ReplayTarget& target_;
  CopyNames names_;
};

}  // namespace

void Recorder::committed(std::span<const Write> writes, const Committed& committed) {
  json::array json_writes;
  for (const Write& write : writes) json_writes.push_back(to_json(names_.named(write)));
  names_.learn(committed);
  json::array answers;
  for (const auto& answer : committed.answers) answers.emplace_back(answer_text(answer, names_));
  out_ << json::serialize(json::object{{"now", to_millis(committed.store_now)},
                                       {"writes", std::move(json_writes)},
                                       {"answers", std::move(answers)}})
       << '\n';
}

void Recorder::foreign_row(const Row& row, WallTime now, bool inserted) {
  out_ << json::serialize(
              json::object{{"now", to_millis(now)}, {"foreign", foreign_row_to_json(row)}, {"inserted", inserted}})
       << '\n';
}

Result<ReplayReport> replay(std::istream& recording, const ReplayTarget& target) {
  Player player(target);
  std::string text;
  for (std::size_t number = 1; std::getline(recording, text); ++number) {
    const auto line = parse_line(text);
    const Status played = line.ok() ? player.play(*line) : line.error();
    if (!played.ok()) {
      return make_error(played.error().what, "line " + std::to_string(number) + ": " + played.error().message);
    }
    if (player.report.difference) {
      player.report.difference->line = number;
      break;
    }
  }
  return std::move(player.report);
}

}  // namespace waybill::recording
