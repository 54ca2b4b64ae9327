#include "api/routes.h"

#include <memory>
#include <utility>

#include "api/health_endpoints.h"
#include "api/message_action_endpoint.h"
#include "api/message_list_endpoint.h"
#include "api/message_show_endpoint.h"
#include "api/stats_endpoint.h"

namespace waybill::api {

Router make_router(Intake& intake, Operations& operations, MailSendOptions mail) {
  using Action = MessageActionEndpoint::Action;
  const auto get = [](std::string pattern, std::unique_ptr<Endpoint> endpoint, bool open = false) {
    return Router::Entry{HttpMethod::kGet, std::move(pattern), std::move(endpoint), ErrorForm::kV1, open};
  };
  const auto act = [&](std::string pattern, Action action) {
    return Router::Entry{HttpMethod::kPost, std::move(pattern),
                         std::make_unique<MessageActionEndpoint>(operations, action)};
  };
  Router router;
  router.add({HttpMethod::kPost, std::string(MailSendEndpoint::kPath),
              std::make_unique<MailSendEndpoint>(intake, std::move(mail)), ErrorForm::kClassic});
  router.add(get("/v1/messages", std::make_unique<MessageListEndpoint>(operations)));
  router.add(get("/v1/messages/{id}", std::make_unique<MessageShowEndpoint>(operations)));
  router.add(act("/v1/messages/{id}/retry", Action::kRetry));
  router.add(act("/v1/messages/{id}/cancel", Action::kCancel));
  router.add(act("/v1/messages/{id}/resolve", Action::kResolve));
  router.add(get("/v1/stats", std::make_unique<StatsEndpoint>(operations)));
  router.add(get("/healthz", std::make_unique<HealthEndpoint>(), /*open=*/true));
  router.add(get("/readyz", std::make_unique<ReadyEndpoint>(operations), /*open=*/true));
  return router;
}

}  // namespace waybill::api
