// `GET /metrics`: what this instance has counted and measured, for Prometheus (docs/metrics.md). The backlog by state
// is asked of the log; without its answer the page comes without it.
#pragma once

#include <atomic>
#include <memory>

#include "api/endpoint.h"
#include "base/time.h"
#include "ports/metrics.h"
#include "ports/operations.h"

namespace waybill::api {

class MetricsEndpoint final : public Endpoint {
 public:
  /// Both outlive the endpoint. `patience`: how long the log may owe an answer before further pages do without it.
  MetricsEndpoint(Operations& operations, MetricsPage& page, Duration patience = Duration{1'000})
      : operations_(operations),
        page_(page),
        patience_(patience),
        asked_(std::make_shared<std::atomic<MonoTime>>(MonoTime{})) {}
  void handle(const HttpRequest& request, Answer answer) override;

 private:
  Operations& operations_;
  MetricsPage& page_;
  const Duration patience_;
  const std::shared_ptr<std::atomic<MonoTime>> asked_;  // of the oldest question without an answer; zero: there is none
};

}  // namespace waybill::api
