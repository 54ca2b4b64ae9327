#include "api/router.h"

#include <algorithm>

namespace waybill::api {
namespace {

std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> segments;
  for (std::size_t at = 1; at <= path.size();) {
    const auto end = std::min(path.find('/', at), path.size());
    segments.emplace_back(path.substr(at, end - at));
    at = end + 1;
  }
  return segments;
}

bool is_placeholder(std::string_view segment) { return segment.starts_with('{'); }

// Compares segment by segment without building anything: this runs for every request. Segments are compared as sent,
// so an encoded slash stays inside its segment.
bool fits(const std::vector<std::string>& segments, std::string_view path) {
  if (!path.starts_with('/')) return false;
  std::size_t at = 1;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (at > path.size()) return false;
    const auto end = std::min(path.find('/', at), path.size());
    const std::string_view segment = path.substr(at, end - at);
    if (is_placeholder(segments[i]) ? segment.empty() : segment != segments[i]) return false;
    at = end + 1;
  }
  return at > path.size();
}

std::string_view name_of(HttpMethod method) {
  switch (method) {
    case HttpMethod::kGet:
      return "GET, HEAD";
    case HttpMethod::kHead:
      return "HEAD";
    case HttpMethod::kPost:
      return "POST";
    case HttpMethod::kOther:
      break;
  }
  return "";
}

HttpError not_allowed(const std::string& allowed) {
  HttpError error{405, "this path does not take that method; allowed: " + allowed};
  error.headers.emplace_back("Allow", allowed);
  return error;
}

}  // namespace

void Router::add(Entry entry) {
  auto segments = split_path(entry.pattern);
  table_.push_back(Compiled{std::move(entry), std::move(segments)});
}

std::vector<const Router::Entry*> Router::entries() const {
  std::vector<const Entry*> entries;
  entries.reserve(table_.size());
  for (const Compiled& known : table_) entries.push_back(&known.entry);
  return entries;
}

std::variant<Router::Match, HttpError> Router::match(HttpMethod method, std::string_view path) const {
  const HttpMethod wanted = method == HttpMethod::kHead ? HttpMethod::kGet : method;
  std::string allowed;
  for (const auto& [entry, segments] : table_) {
    if (!fits(segments, path)) continue;
    if (entry.method != wanted) {
      allowed += (allowed.empty() ? "" : ", ") + std::string(name_of(entry.method));
      continue;
    }
    Match match{&entry, {}};
    if (entry.pattern.find('{') == std::string::npos) return match;
    const auto sent = split_path(path);
    for (std::size_t i = 0; i < sent.size(); ++i) {
      if (!is_placeholder(segments[i])) continue;
      auto value = percent_decode(sent[i]);
      if (!value) return HttpError{400, "the path holds a '%' without two hexadecimal digits after it"};
      match.path_values.push_back(std::move(*value));
    }
    return match;
  }
  if (!allowed.empty()) return not_allowed(allowed);
  return HttpError{404, "there is nothing at this path"};
}

ErrorForm Router::form_of(std::string_view path) const {
  for (const auto& [entry, segments] : table_) {
    if (fits(segments, path)) return entry.form;
  }
  return ErrorForm::kV1;
}

bool Router::is_open(std::string_view path) const {
  return std::any_of(table_.begin(), table_.end(),
                     [&](const Compiled& known) { return known.entry.open && fits(known.segments, path); });
}

}  // namespace waybill::api
