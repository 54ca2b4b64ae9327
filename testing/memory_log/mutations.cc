#include "testing/memory_log/mutations.h"

#include <array>

namespace waybill {
namespace {

using M = MemoryLogMutations;

constexpr auto kMutations = std::to_array<NamedMutation>({
    {"append_overwrites_duplicate", &M::append_overwrites_duplicate},
    {"append_ignores_digest", &M::append_ignores_digest},
    {"append_takes_generated_id", &M::append_takes_generated_id},
    {"append_token_lost_by_claim", &M::append_token_lost_by_claim},
    {"append_forgets_key", &M::append_forgets_key},
    {"append_ignores_key_request", &M::append_ignores_key_request},
    {"append_rules_out_not_before", &M::append_rules_out_not_before},
    {"ids_ignore_case", &M::ids_ignore_case},
    {"clock_not_rearmed_on_take", &M::clock_not_rearmed_on_take},
    {"take_ignores_lease", &M::take_ignores_lease},
    {"lapse_ignores_clock_step", &M::lapse_ignores_clock_step},
    {"lapse_ignores_allowed", &M::lapse_ignores_allowed},
    {"take_ignores_closed_routes", &M::take_ignores_closed_routes},
    {"take_ignores_byte_limit", &M::take_ignores_byte_limit},
    {"take_unfair", &M::take_unfair},
    {"take_keeps_publish_number", &M::take_keeps_publish_number},
    {"take_leaves_queue_open", &M::take_leaves_queue_open},
    {"take_many_crashed", &M::take_many_crashed},
    {"sweep_shortens_standing_leases", &M::sweep_shortens_standing_leases},
    {"take_ignores_sweep", &M::take_ignores_sweep},
    {"refuse_open_attempt", &M::refuse_open_attempt},
    {"mark_ignores_publish_number", &M::mark_ignores_publish_number},
    {"late_confirm_overwrites_consumed", &M::late_confirm_overwrites_consumed},
    {"mark_moves_lease", &M::mark_moves_lease},
    {"lost_takes_claimed", &M::lost_takes_claimed},
    {"lost_ignores_confirm_time", &M::lost_ignores_confirm_time},
    {"claim_grants_open_attempt", &M::claim_grants_open_attempt},
    {"claim_ignores_not_before", &M::claim_ignores_not_before},
    {"claim_ignores_retry_delay", &M::claim_ignores_retry_delay},
    {"claim_ignores_digest", &M::claim_ignores_digest},
    {"claim_grants_on_hold", &M::claim_grants_on_hold},
    {"claim_token_not_kept", &M::claim_token_not_kept},
    {"own_lapsed_claim_not_counted", &M::own_lapsed_claim_not_counted},
    {"lapse_keeps_publish_number", &M::lapse_keeps_publish_number},
    {"lapse_uses_up_tries", &M::lapse_uses_up_tries},
    {"crash_limit_ignored", &M::crash_limit_ignored},
    {"hold_policy_ignored", &M::hold_policy_ignored},
    {"renew_without_fencing", &M::renew_without_fencing},
    {"renew_leaves_lapsed", &M::renew_leaves_lapsed},
    {"begin_effect_without_fencing", &M::begin_effect_without_fencing},
    {"release_after_effect_begun", &M::release_after_effect_begun},
    {"release_keeps_publish_number", &M::release_keeps_publish_number},
    {"finish_without_fencing", &M::finish_without_fencing},
    {"finish_done_only_open_attempt", &M::finish_done_only_open_attempt},
    {"finish_done_before_replay", &M::finish_done_before_replay},
    {"possible_duplicate_not_counted", &M::possible_duplicate_not_counted},
    {"late_done_overwrites_dead", &M::late_done_overwrites_dead},
    {"late_done_forgotten", &M::late_done_forgotten},
    {"unknown_not_counted", &M::unknown_not_counted},
    {"dead_letter_copy_left_out", &M::dead_letter_copy_left_out},
    {"cancel_open_attempt", &M::cancel_open_attempt},
    {"cancel_handed_over", &M::cancel_handed_over},
    {"reschedule_keeps_publish_number", &M::reschedule_keeps_publish_number},
    {"replay_keeps_publish_number", &M::replay_keeps_publish_number},
    {"replay_keeps_tries", &M::replay_keeps_tries},
    {"replay_consumed_without_again", &M::replay_consumed_without_again},
    {"resolve_any_state", &M::resolve_any_state},
    {"prune_takes_dead", &M::prune_takes_dead},
    {"prune_leaves_events", &M::prune_leaves_events},
    {"event_not_written", &M::event_not_written},
    {"events_not_folded", &M::events_not_folded},
    {"events_unbounded", &M::events_unbounded},
    {"node_leased_twice", &M::node_leased_twice},
    {"queue_facts_never_stale", &M::queue_facts_never_stale},
    {"one_bad_write_fails_batch", &M::one_bad_write_fails_batch},
});

}  // namespace

std::span<const NamedMutation> memory_log_mutations() { return kMutations; }

}  // namespace waybill
