#include "api/routes.h"

#include <memory>
#include <string>
#include <utility>

#include "api/health_endpoints.h"
#include "api/mails_endpoint.h"
#include "api/message_action_endpoint.h"
#include "api/message_bulk_endpoint.h"
#include "api/message_list_endpoint.h"
#include "api/message_send_endpoint.h"
#include "api/message_show_endpoint.h"
#include "api/metrics_endpoint.h"
#include "api/openapi_endpoint.h"
#include "api/prune_endpoint.h"
#include "api/stats_endpoint.h"

namespace waybill::api {
namespace {

Router::Entry get(std::string pattern, std::unique_ptr<Endpoint> endpoint, bool open = false) {
  return Router::Entry{HttpMethod::kGet, std::move(pattern), std::move(endpoint), ErrorForm::kV1, open};
}

Router::Entry post(std::string pattern, std::unique_ptr<Endpoint> endpoint) {
  return Router::Entry{HttpMethod::kPost, std::move(pattern), std::move(endpoint)};
}

// An id may be any word, also `retry`: what is done to many is only ever posted, and there is no posting to one id.
void add_messages(Router& router, Operations& operations) {
  using Action = MessageActionEndpoint::Action;
  const auto act = [&](std::string pattern, Action action) {
    return post(std::move(pattern), std::make_unique<MessageActionEndpoint>(operations, action));
  };
  router.add(get("/v1/messages", std::make_unique<MessageListEndpoint>(operations)));
  router.add(get("/v1/messages/{id}", std::make_unique<MessageShowEndpoint>(operations)));
  router.add(post("/v1/messages/retry", std::make_unique<MessageBulkEndpoint>(operations, BulkVerb::kRetry)));
  router.add(post("/v1/messages/cancel", std::make_unique<MessageBulkEndpoint>(operations, BulkVerb::kCancel)));
  router.add(act("/v1/messages/{id}/retry", Action::kRetry));
  router.add(act("/v1/messages/{id}/cancel", Action::kCancel));
  router.add(act("/v1/messages/{id}/resolve", Action::kResolve));
  router.add(act("/v1/messages/{id}/reschedule", Action::kReschedule));
}

void add_health(Router& router, Operations& operations, MetricsPage* metrics) {
  if (metrics != nullptr) router.add(get("/metrics", std::make_unique<MetricsEndpoint>(operations, *metrics)));
  router.add(get("/healthz", std::make_unique<HealthEndpoint>(), /*open=*/true));
  router.add(get("/readyz", std::make_unique<ReadyEndpoint>(operations), /*open=*/true));
}

}  // namespace

Router make_router(Intake& intake, Operations& operations, MailSendOptions mail, MetricsPage* metrics) {
  Router router;
  auto mails = post(std::string(MailsEndpoint::kPath), std::make_unique<MailsEndpoint>(intake, mail));
  mails.body_bytes_max = mail.mails_body_max;
  router.add(std::move(mails));
  router.add({HttpMethod::kPost, std::string(MailSendEndpoint::kPath),
              std::make_unique<MailSendEndpoint>(intake, std::move(mail)), ErrorForm::kClassic});
  router.add(post(std::string(MessageSendEndpoint::kPath), std::make_unique<MessageSendEndpoint>(intake)));
  add_messages(router, operations);
  router.add(post("/v1/prune", std::make_unique<PruneEndpoint>(operations)));
  router.add(get("/v1/stats", std::make_unique<StatsEndpoint>(operations)));
  router.add(get("/openapi.json", std::make_unique<OpenapiEndpoint>(), /*open=*/true));
  add_health(router, operations, metrics);
  return router;
}

Router make_health_router(Operations& operations, MetricsPage& metrics) {
  Router router;
  add_health(router, operations, &metrics);
  return router;
}

}  // namespace waybill::api
