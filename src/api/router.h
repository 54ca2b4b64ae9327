// Which endpoint a request is for. Built once, then only read; any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/endpoint.h"
#include "api/http_error.h"

namespace waybill::api {

class Router {
 public:
  struct Entry {
    HttpMethod method = HttpMethod::kGet;
    std::string pattern;  ///< `/v1/messages/{id}/retry`: `{…}` stands for one segment that is not empty
    std::unique_ptr<Endpoint> endpoint;
    ErrorForm form = ErrorForm::kV1;
    bool open = false;               ///< asks for no token
    std::size_t body_bytes_max = 0;  ///< of its requests; 0: what the server takes of all
  };
  struct Match {
    const Entry* entry = nullptr;
    std::vector<std::string> path_values;
  };

  void add(Entry entry);
  /// In the order they were added; until the next one is.
  [[nodiscard]] std::vector<const Entry*> entries() const;

  /// The entry, or 404, or 405 with `Allow`, or 400 if the path cannot be decoded.
  [[nodiscard]] std::variant<Match, HttpError> match(HttpMethod method, std::string_view path) const;
  /// The form in which errors of this path are written, whatever the method; `kV1` for an unknown one.
  [[nodiscard]] ErrorForm form_of(std::string_view path) const;
  /// True if an entry of this path, whatever the method, asks for no token.
  [[nodiscard]] bool is_open(std::string_view path) const;

 private:
  struct Compiled {
    Entry entry;
    std::vector<std::string> segments;  // of the pattern
  };
  std::vector<Compiled> table_;
};

}  // namespace waybill::api
