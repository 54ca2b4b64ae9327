// Every command there is; each is made in the file of its name.
#pragma once

#include <memory>
#include <vector>

#include "cli/command.h"

namespace waybill::cli {

[[nodiscard]] std::unique_ptr<Command> make_serve_command();
[[nodiscard]] std::unique_ptr<Command> make_send_command();
[[nodiscard]] std::unique_ptr<Command> make_show_command();
[[nodiscard]] std::unique_ptr<Command> make_list_command();
[[nodiscard]] std::unique_ptr<Command> make_stats_command();
[[nodiscard]] std::unique_ptr<Command> make_retry_command();
[[nodiscard]] std::unique_ptr<Command> make_cancel_command();
[[nodiscard]] std::unique_ptr<Command> make_reschedule_command();
[[nodiscard]] std::unique_ptr<Command> make_resolve_command();
[[nodiscard]] std::unique_ptr<Command> make_prune_command();
[[nodiscard]] std::unique_ptr<Command> make_config_check_command();
[[nodiscard]] std::unique_ptr<Command> make_config_show_command();
[[nodiscard]] std::unique_ptr<Command> make_doctor_command();
[[nodiscard]] std::unique_ptr<Command> make_topology_show_command();
[[nodiscard]] std::unique_ptr<Command> make_topology_declare_command();
[[nodiscard]] std::unique_ptr<Command> make_topology_diff_command();
[[nodiscard]] std::unique_ptr<Command> make_bench_pipeline_command();
[[nodiscard]] std::unique_ptr<Command> make_bench_broker_command();
[[nodiscard]] std::unique_ptr<Command> make_migrate_adopt_command();
[[nodiscard]] std::unique_ptr<Command> make_migrate_status_command();
[[nodiscard]] std::unique_ptr<Command> make_migrate_up_command();
[[nodiscard]] std::unique_ptr<Command> make_bench_http_command();
[[nodiscard]] std::unique_ptr<Command> make_bench_mail_command();
[[nodiscard]] std::unique_ptr<Command> make_bench_log_command();
[[nodiscard]] std::unique_ptr<Command> make_bench_scale_command();
[[nodiscard]] std::unique_ptr<Command> make_bench_idle_command();
[[nodiscard]] std::unique_ptr<Command> make_version_command();

/// In the order in which help lists them.
[[nodiscard]] std::vector<std::unique_ptr<Command>> make_commands();

}  // namespace waybill::cli
