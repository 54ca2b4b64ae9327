#include "api/metrics_endpoint.h"

#include <utility>

#include "api/request_checks.h"

namespace waybill::api {
namespace {

HttpResponse page_of(std::string text) { return HttpResponse{200, std::move(text), "text/plain; version=0.0.4"}; }

}  // namespace

void MetricsEndpoint::handle(const HttpRequest& request, Answer answer) {
  const auto query = read_query(request, {});
  if (const auto* error = std::get_if<HttpError>(&query)) return answer(to_response(ErrorForm::kV1, *error));

  const MonoTime now = std::chrono::steady_clock::now();
  MonoTime since{};
  // A log that hangs costs one page, not every one.
  if (!asked_->compare_exchange_strong(since, now) && now - since > patience_) return answer(page_of(page_.render({})));
  operations_.stats([asked = asked_, &page = page_, answer = std::move(answer)](Result<LogStats> stats) {
    asked->store(MonoTime{});
    answer(page_of(page.render(stats ? std::optional(std::move(*stats)) : std::nullopt)));
  });
}

}  // namespace waybill::api
