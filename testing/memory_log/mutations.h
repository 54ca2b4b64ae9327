// Guards of the memory log that a test may drop, to show that its absence is noticed. All false: the log is right.
#pragma once

#include <span>

namespace waybill {

struct MemoryLogMutations {
  // append
  bool append_overwrites_duplicate = false;           ///< a known id is written again with the new content
  bool append_ignores_digest = false;                 ///< another body under a known id counts as a duplicate
  bool append_takes_generated_id = false;             ///< a generated id that exists counts as a duplicate
  bool append_conflicts_without_digest = false;       ///< bodies are not compared where a row has no digest
  bool append_token_lost_by_claim = false;            ///< a re-run is not recognised once the row was claimed
  bool append_takes_a_spread_for_a_schedule = false;  ///< what a replay spread over time conflicts with its own request
  bool append_forgets_key = false;                    ///< the idempotency key is not committed
  bool append_ignores_key_request = false;            ///< a key serves whatever request comes with it
  bool append_rules_out_not_before = false;           ///< due at once although scheduled
  bool ids_ignore_case = false;                       ///< `A` and `a` are one row
  // take, refuse, marks, lost
  bool clock_not_rearmed_on_take = false;      ///< a taken row has no due time any more
  bool take_ignores_lease = false;             ///< open attempts lapse before their lease ends
  bool lapse_ignores_clock_step = false;       ///< `expected_now` is not compared
  bool lapse_ignores_allowed = false;          ///< lapses although the rule forbids it
  bool take_ignores_closed_routes = false;     ///< rows of closed routes come too
  bool take_looks_at_every_route = false;      ///< however many there are
  bool take_forgets_where_it_stopped = false;  ///< of more routes than it may look at it finds the first ones only
  bool take_goes_round_without_end = false;    ///< asks for more although all routes have been looked at
  bool take_loads_every_body = false;          ///< also those that may stay in the log
  bool take_ignores_byte_limit = false;        ///< bounded in rows only
  bool take_unfair = false;                    ///< the first route takes all the room
  bool take_keeps_publish_number = false;      ///< the number is not raised
  bool take_leaves_queue_open = false;         ///< a foreign row's queue is not decided
  bool take_publishes_unusable_ids = false;    ///< another program's row is driven under whatever id
  bool take_publishes_what_no_broker_carries = false;  ///< names and headers are not looked at
  bool take_many_crashed = false;                      ///< rows with crashes come in numbers
  bool sweep_shortens_standing_leases = false;         ///< leases too far ahead end although nothing may lapse
  bool take_ignores_sweep = false;                     ///< rows too far ahead stay
  bool refuse_open_attempt = false;                    ///< a claimed row is refused
  bool mark_ignores_publish_number = false;            ///< an old publish's answer fits
  bool late_confirm_overwrites_consumed = false;       ///< the state is not compared
  bool mark_moves_lease = false;                       ///< a claimed row's clock is touched
  bool lost_takes_claimed = false;                     ///< open attempts are driven again
  bool lost_ignores_confirm_time = false;              ///< the evidence's time is not compared
  bool lost_spares_confirmed_ahead = false;  ///< what was confirmed before the clock stepped back waits for it
  bool lost_takes_every_queue = false;       ///< also those that the evidence is not about
  // claim, renew, begin_effect, release, finish, lapse
  bool claim_grants_open_attempt = false;
  bool claim_ignores_not_before = false;
  bool claim_ignores_retry_delay = false;
  bool claim_ignores_digest = false;
  bool claim_grants_on_hold = false;
  bool claim_keeps_not_before = false;        ///< a schedule that has passed stays
  bool adopt_compares_no_bodies = false;      ///< whatever comes under the id of a row without a digest is that row
  bool claim_token_not_kept = false;          ///< a re-run finds its own attempt busy
  bool own_lapsed_claim_not_counted = false;  ///< a lapse inside a claim does not raise lapse_count
  bool lapse_keeps_publish_number = false;
  bool lapse_uses_up_tries = false;
  bool lapse_tells_nobody = false;  ///< of the rows that it ends
  bool crash_limit_ignored = false;
  bool hold_policy_ignored = false;
  bool renew_without_fencing = false;
  bool renew_leaves_lapsed = false;  ///< does not revive a lapsed attempt
  bool begin_effect_without_fencing = false;
  bool release_after_effect_begun = false;
  bool release_only_by_what_the_claim_said = false;
  bool release_keeps_publish_number = false;
  bool finish_changes_nothing = false;  ///< and says that it is recorded
  bool finish_without_fencing = false;
  bool finish_done_only_open_attempt = false;  ///< a true `done` of a lapsed attempt is thrown away
  bool finish_done_before_replay = false;      ///< an attempt from before the replay counts
  bool possible_duplicate_not_counted = false;
  bool late_done_overwrites_dead = false;
  bool late_done_forgotten = false;  ///< replay does not need `again` afterwards
  bool unknown_not_counted = false;
  bool retry_always_uses_up_a_try = false;
  bool retry_without_a_try_ends_the_last = false;  ///< dead at a number of tries that it did not use up
  bool dead_letter_copy_left_out = false;
  // recipients
  bool recipients_forgotten = false;         ///< and their attempt ends as ever
  bool stale_recipients_forgotten = false;   ///< of an attempt that is not open any more
  bool delivery_may_be_overwritten = false;  ///< a later report opens or refuses it
  bool refusal_may_be_overwritten = false;   ///< a later report opens it
  bool refusal_is_for_ever = false;          ///< it never becomes a delivery
  bool same_again_is_news = false;           ///< the time is that of the last report
  bool refusals_outlive_replay = false;      ///< an attempt from before it refuses again what it has opened
  bool replay_leaves_refusals = false;       ///< nobody tries them again
  bool replay_opens_deliveries = false;      ///< they get the mail again
  bool claim_hides_recipients = false;       ///< a later attempt goes to all of them
  bool prune_leaves_recipients = false;      ///< a new row of this id begins with them
  // people
  bool cancel_changes_nothing = false;  ///< and says that it applied
  bool cancel_open_attempt = false;
  bool cancel_handed_over = false;  ///< an external row that a publisher had
  bool reschedule_keeps_publish_number = false;
  bool reschedule_counts_as_publish = false;  ///< raises the number of a row that was never published, too
  bool replay_keeps_publish_number = false;
  bool replay_counts_as_publish = false;
  bool replay_keeps_tries = false;
  bool replay_spread_not_explained = false;  ///< it stands too far ahead, and a sweep drives it at once
  bool replay_consumed_without_again = false;
  bool resolve_any_state = false;
  bool prune_takes_dead = false;
  bool prune_leaves_events = false;
  bool prune_forgets_status = false;  ///< a key answers `consumed` for whatever row is gone
  // reading
  bool list_ignores_status = false;
  bool list_ignores_queue = false;
  bool list_ignores_since = false;
  bool list_ignores_until = false;
  bool list_repeats_last_row = false;            ///< a page begins with the last row of the one before
  bool list_takes_any_cursor = false;            ///< begins anew instead of refusing it
  bool count_ignores_most = false;               ///< counts on
  bool stats_call_finished_rows_oldest = false;  ///< finished rows count as waiting
  bool stats_call_dead_rows_open = false;
  bool stats_call_the_newest_oldest_open = false;
  // the rest
  bool event_not_written = false;
  bool events_not_folded = false;
  bool events_unbounded = false;
  bool node_leased_twice = false;
  bool queue_facts_never_stale = false;
  bool one_bad_write_fails_batch = false;
};

struct NamedMutation {
  const char* name;
  bool MemoryLogMutations::*guard;
};
/// Every mutation with its name.
[[nodiscard]] std::span<const NamedMutation> memory_log_mutations();

}  // namespace waybill
