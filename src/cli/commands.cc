#include "cli/commands.h"

namespace waybill::cli {

std::vector<std::unique_ptr<Command>> make_commands() {
  std::vector<std::unique_ptr<Command>> commands;
  commands.push_back(make_serve_command());
  commands.push_back(make_send_command());
  commands.push_back(make_show_command());
  commands.push_back(make_list_command());
  commands.push_back(make_stats_command());
  commands.push_back(make_retry_command());
  commands.push_back(make_cancel_command());
  commands.push_back(make_reschedule_command());
  commands.push_back(make_resolve_command());
  commands.push_back(make_prune_command());
  commands.push_back(make_config_check_command());
  commands.push_back(make_config_show_command());
  commands.push_back(make_doctor_command());
  commands.push_back(make_migrate_up_command());
  commands.push_back(make_migrate_status_command());
  commands.push_back(make_migrate_adopt_command());
  commands.push_back(make_topology_show_command());
  commands.push_back(make_topology_declare_command());
  commands.push_back(make_topology_diff_command());
  commands.push_back(make_bench_pipeline_command());
  commands.push_back(make_bench_broker_command());
  commands.push_back(make_bench_http_command());
  commands.push_back(make_bench_mail_command());
  commands.push_back(make_bench_log_command());
  commands.push_back(make_bench_scale_command());
  commands.push_back(make_bench_idle_command());
  commands.push_back(make_version_command());
  return commands;
}

}  // namespace waybill::cli
