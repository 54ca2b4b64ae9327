#include "tests/unit/log/sqlite_log_fixture.h"

namespace waybill {

void SqliteLogFixture::open() {
  log_.reset();
  auto opened = try_open();
  if (!opened.ok()) throw std::runtime_error(opened.error().message);
  log_ = std::move(opened).value();
}

std::optional<Row> SqliteLogFixture::find(const std::string& id, bool with_body) {
  auto reader = SqliteReader::open(options_);
  if (!reader.ok()) throw std::runtime_error(reader.error().message);
  auto row = (*reader)->find({id}, with_body);
  if (!row.ok()) throw std::runtime_error(row.error().message);
  return *row;
}

std::vector<MessageEvent> SqliteLogFixture::events(const std::string& id) {
  auto reader = SqliteReader::open(options_);
  if (!reader.ok()) throw std::runtime_error(reader.error().message);
  auto events = (*reader)->events({id});
  if (!events.ok()) throw std::runtime_error(events.error().message);
  return *events;
}

Append SqliteLogFixture::append(const std::string& id) {
  const std::string body = "body of " + id;
  Append write;
  write.message.id = {id};
  write.message.route = {"mail.exchange", "mail.routing.key"};
  write.message.body = Body(body);
  write.digest = sha256(body);
  write.queue = {"mail.queue"};
  write.boot = {7};
  write.token = {++last_token_};
  return write;
}

Take SqliteLogFixture::take() const {
  Take write;
  write.boot = {7};
  write.routes =
      std::make_shared<RouteTable>(std::map<Route, QueueName>{{{"mail.exchange", "mail.routing.key"}, {"mail.queue"}}});
  return write;
}

Claim SqliteLogFixture::claim(const std::string& id) {
  Claim write;
  write.id = {id};
  write.token = {++last_token_};
  write.owner = {"node", {7}};
  write.queue = {"mail.queue"};
  return write;
}

Error SqliteLogFixture::failing(const std::vector<Write>& writes) {
  const auto committed = log_->commit(writes);
  if (committed.ok()) throw std::runtime_error("the commit succeeded");
  return committed.error();
}

}  // namespace waybill
