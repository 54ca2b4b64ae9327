// One attempt to declare a topology: over the addresses in turn, until one of them answers. Lives on the I/O thread.
#pragma once

#include <functional>
#include <memory>

#include "broker/rabbitmq/connection.h"
#include "broker/rabbitmq/link.h"
#include "broker/rabbitmq/protocol/declare_role.h"

namespace waybill::rabbitmq {

class DeclareJob : public std::enable_shared_from_this<DeclareJob> {
 public:
  using Done = std::function<void(const Status& outcome)>;
  /// `base` outlives it. Its connection keeps it alive until `done` was called, or the I/O thread has ended.
  DeclareJob(const LinkBase& base, Topology topology, Done done);
  void start();

 private:
  void on_turn();
  void on_end();

  const LinkBase& base_;
  const Topology topology_;
  Done done_;
  std::size_t address_ = 0;
  std::unique_ptr<DeclareRole> role_;
  std::weak_ptr<Connection> connection_;
  bool closing_ = false;
};

}  // namespace waybill::rabbitmq
