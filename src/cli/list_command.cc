#include <algorithm>
#include <vector>

#include "api/types.h"
#include "cli/client_command.h"
#include "cli/commands.h"
#include "cli/http_client.h"
#include "cli/output.h"
#include "cli/selection.h"

namespace waybill::cli {
namespace {

constexpr int kPageRows = 1'000;

// Prints page after page, so that a long list needs no memory.
class ListPrinter {
 public:
  enum class Form { kTable, kJson, kLines };

  explicit ListPrinter(Form form) : form_(form) {}

  void print_page(const std::vector<api::MessageView>& messages) {
    if (form_ == Form::kTable) {
      if (!messages.empty()) print(table_of(messages));
    } else {
      for (const auto& message : messages) print_item(message);
    }
    printed_ = printed_ || !messages.empty();
  }

  void end(const std::string& next_cursor) {
    if (form_ == Form::kTable && !printed_) print_line("no messages");
    if (form_ != Form::kJson) return;
    const std::string rest = to_json(api::MessageListView{{}, next_cursor});
    // `{"messages":[` … `],"next_cursor":…}`
    const auto bracket = rest.find(']');
    print_line((printed_ ? std::string() : rest.substr(0, bracket)) + rest.substr(bracket));
  }

 private:
  void print_item(const api::MessageView& message) {
    if (form_ == Form::kLines) return print_line(to_list_item(message));
    print((first_item_ ? R"({"messages":[)" : ",") + to_list_item(message));
    first_item_ = false;
  }

  std::string table_of(const std::vector<api::MessageView>& messages) const {
    Table table;
    if (!printed_) table.add({"ID", "STATUS", "FAILED", "CREATED", "NEXT TRY", "LAST ERROR"});
    for (const auto& message : messages) {
      table.add({message.id, status_text(message), std::to_string(message.try_count), to_rfc3339(message.create_time),
                 time_or_dash(message.next_try_time), or_dash(message.last_error)});
    }
    return table.text();
  }

  const Form form_;
  bool printed_ = false;
  bool first_item_ = true;
};

class ListCommand final : public ClientCommand {
 public:
  std::string name() const override { return "list"; }
  std::string summary() const override { return "List messages, newest first"; }
  std::vector<std::string> examples() const override {
    return {"waybill list --status dead", "waybill list --queue mail.queue --since 2h --limit 1000 --json",
            "waybill list --status dead --limit 1000000 --ndjson > dead.ndjson"};
  }

 protected:
  std::vector<Option> own_options() override {
    std::vector<Option> all = selection_.options();
    all.push_back({"--limit", "At most so many (default 50)", BoundedInt{&limit_, 1, 1'000'000'000}, false, "N"});
    all.push_back({"--ndjson", "Print one JSON object a line", &lines_});
    return all;
  }

  ExitCode run_with(const Client& client) override {
    const auto selection = selection_.read();
    if (!selection.ok()) return report_usage(selection.error());
    using Form = ListPrinter::Form;
    ListPrinter printer(lines_ ? Form::kLines : json() ? Form::kJson : Form::kTable);
    int left = limit_;
    std::string cursor;
    do {
      const auto page = read_page(client, query_of(*selection), cursor, std::min(left, kPageRows));
      if (!page.ok()) return report(page.error());
      printer.print_page(page->messages);
      left -= static_cast<int>(page->messages.size());
      cursor = page->next_cursor;
    } while (left > 0 && !cursor.empty());
    printer.end(cursor);
    return ExitCode::kDone;
  }

 private:
  static Result<api::MessageListView> read_page(const Client& client, const std::string& query,
                                                const std::string& cursor, int rows) {
    std::string target = "/v1/messages?limit=" + std::to_string(rows) + query;
    if (!cursor.empty()) target += "&cursor=" + percent_encode(cursor);
    const auto answer = client.get(target);
    return answer.ok() ? api::parse_message_list(*answer) : Result<api::MessageListView>(answer.error());
  }

  SelectionOptions selection_;
  int limit_ = 50;
  bool lines_ = false;
};

}  // namespace

std::unique_ptr<Command> make_list_command() { return std::make_unique<ListCommand>(); }

}  // namespace waybill::cli
