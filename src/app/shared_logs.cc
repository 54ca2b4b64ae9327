#include "app/shared_logs.h"

#include <array>

#include "log/mariadb/mariadb_logs.h"
#include "log/postgres/postgres_logs.h"

namespace waybill::app {
namespace {

const std::array<const SharedLogKind*, 2>& all_kinds() {
  static const std::array<const SharedLogKind*, 2> kKinds = {&postgres_logs(), &mariadb_logs()};
  return kKinds;
}

}  // namespace

const SharedLogKind* shared_log_kind_of(std::string_view url) {
  for (const SharedLogKind* kind : all_kinds()) {
    if (kind->is_url(url)) return kind;
  }
  return nullptr;
}

const SharedLogKind* shared_log_kind_called(std::string_view word) {
  for (const SharedLogKind* kind : all_kinds()) {
    if (kind->word() == word) return kind;
  }
  return nullptr;
}

std::string shared_log_forms() {
  std::string forms;
  std::string words;
  for (const SharedLogKind* kind : all_kinds()) {
    forms.append(forms.empty() ? "" : ", ").append(kind->form());
    words.append(words.empty() ? "" : " or ").append(kind->word());
  }
  return forms + ", or " + words;
}

const SharedLogKind& kind_of(const MessageLogConfig& log) { return *shared_log_kind_of(log.shared_url); }

SharedLogOptions shared_log_options(const MessageLogConfig& log) {
  SharedLogOptions options;
  options.url = log.shared_url;
  options.password = log.password;
  return options;
}

}  // namespace waybill::app
