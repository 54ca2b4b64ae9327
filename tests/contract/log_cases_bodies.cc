// Large bodies: a take leaves them in the log, a claim brings them, and wherever a log keeps them they are the row's.
#include <string>

#include "tests/contract/log_harness.h"

namespace waybill::contract {
namespace {

constexpr std::size_t kLarge = 300'000;

Body body_of(std::size_t bytes, bool binary = false) {
  std::string text(bytes, 'b');
  if (binary) text.front() = '\0';
  return Body(std::move(text), binary);
}

Append with_body(Append write, const Body& body) {
  write.message.body = body;
  write.digest = digest_of(body.bytes());
  return write;
}

void append_due(LogHarness& h, const std::string& id, const Body& body, const Route& route = kMailRoute) {
  Append write = with_body(route == kMailRoute ? h.new_append(id) : h.new_external_append(id), body);
  write.publish_now = false;
  h.apply(write);
}

Take leaving_take(const LogHarness& h, std::size_t carry_max) {
  Take take = h.new_take();
  take.carry_max = carry_max;
  return take;
}

Claim wanting_claim(LogHarness& h, const std::string& id, const Body& body) {
  Claim claim = h.new_claim(id);
  claim.digest = digest_of(body.bytes());
  claim.want_body = true;
  claim.body_bytes = body.size();
  return claim;
}

void check_claimed(LogHarness& h, const Claim& claim, const Body& body, Place place = Place::current()) {
  const ClaimAnswer answer = h.apply(claim, place);
  check_equal(answer.verdict, ClaimVerdict::kGranted, "the verdict", place);
  check(answer.body && *answer.body == body, "the claim brings the body", place);
}

void check_stored(LogHarness& h, const std::string& id, const Body& body, Place place = Place::current()) {
  const auto found = h.reader().find({id}, /*with_body=*/true);
  check(found.ok() && *found, "the row is found", place);
  check((*found)->message.body == body, "the body is the one that was recorded", place);
  check_equal((*found)->body_bytes, body.size(), "body_bytes", place);
  for (const Row& row : h.list(std::nullopt, 1'000, place)) {
    if (row.message.id.value == id) check_equal(row.body_bytes, body.size(), "body_bytes in a list", place);
  }
}

}  // namespace

std::vector<LogCase> body_cases() {
  return {
      {"ATakeLeavesLargeBodiesOfConsumedRowsInTheLog",
       [](LogHarness& h) {
         const Body large = body_of(2'000);
         append_due(h, "large", large);
         append_due(h, "just", body_of(1'000));
         append_due(h, "external", large, kExternalRoute);
         const TakeAnswer answer = h.apply(leaving_take(h, 1'000));
         check_equal(answer.rows.size(), std::size_t{3}, "the rows taken");
         for (const TakenRow& row : answer.rows) {
           const bool left = row.message.id.value == "large";
           const std::size_t bytes = row.message.id.value == "just" ? 1'000 : 2'000;
           check_equal(row.body_in_log, left ? std::optional(bytes) : std::nullopt, "body_in_log");
           check_equal(row.message.body.size(), left ? 0 : bytes, "the bytes loaded");
           check(row.digest.has_value(), "the digest is known");
         }
         check_claimed(h, wanting_claim(h, "large", large), large);
       }},
      {"BodiesThatStayInTheLogTakeNoRoomInATake",
       [](LogHarness& h) {
         for (int i = 0; i < 5; ++i) append_due(h, "m" + std::to_string(i), body_of(2'000));
         append_due(h, "small", body_of(80));
         Take take = leaving_take(h, 100);
         take.max_bytes = 100;
         const TakeAnswer answer = h.apply(take);
         check_equal(answer.rows.size(), std::size_t{6}, "the rows taken");
         check(!answer.more, "none is left");
       }},
      {"ALargeBodyWithoutADigestIsLoaded",
       [](LogHarness& h) {
         const std::string text(2'000, 'f');
         check(h.insert_foreign({.id = "f", .msg = text, .route = kMailRoute}).ok(), "the row is inserted");
         const TakenRow row = only_row(h.apply(leaving_take(h, 100)));
         check(!row.body_in_log && row.message.body.bytes() == text, "nobody else knows its digest");
       }},
      {"LargeBodiesAreKeptAsTheyCame",
       [](LogHarness& h) {
         for (const bool binary : {false, true}) {
           for (const std::size_t bytes : {kLarge, std::size_t{1'500'000}}) {
             const Body body = body_of(bytes, binary);
             const std::string id = (binary ? "binary" : "text") + std::to_string(bytes);
             append_due(h, id, body);
             check_stored(h, id, body);
             Take take = h.new_take();
             take.max_bytes = 4U << 20U;
             check(only_row(h.apply(take)).message.body == body, "the body taken");
             h.mark_sent(id);
             const Claim claim = wanting_claim(h, id, body);
             check_claimed(h, claim, body);
             check_claimed(h, claim, body);  // run again
             check_stored(h, id, body);
             Fence fence{{id}, claim.owner, 1, claim.token};
             h.finish(fence, Done{"done"});
             check_stored(h, id, body);
           }
         }
       }},
      {"AClaimThatEndsALapsedAttemptBringsTheBody",
       [](LogHarness& h) {
         const Body body = body_of(kLarge);
         h.apply(with_body(h.new_append("m"), body));
         Claim first = h.new_claim("m");
         first.digest = digest_of(body.bytes());
         h.claim(first);
         h.advance(kLease + Duration{1});
         check_claimed(h, wanting_claim(h, "m", body), body);
       }},
      {"ARefusedClaimBringsNoBody",
       [](LogHarness& h) {
         const Body body = body_of(kLarge);
         h.apply(with_body(h.new_append("m"), body));
         check_claimed(h, wanting_claim(h, "m", body), body);
         const ClaimAnswer answer = h.apply(wanting_claim(h, "m", body));
         check_equal(answer.verdict, ClaimVerdict::kBusy, "the verdict");
         check(!answer.body, "no body");
       }},
      {"LargeBodiesTellMessagesApart",
       [](LogHarness& h) {
         const Body body = body_of(kLarge);
         const Append first = with_body(h.new_append("m"), body);
         h.apply(first);
         Append again = first;
         again.token = h.fresh_token();
         check_equal(h.apply(again).kind, AppendAnswer::Kind::kDuplicate, "the same message");
         Append other = with_body(h.new_append("m"), body_of(kLarge + 1));
         check_equal(h.apply(other).kind, AppendAnswer::Kind::kConflict, "another message");
         check_stored(h, "m", body);
       }},
      {"ALargeForeignRowIsDrivenLikeOneOfOurs",
       [](LogHarness& h) {
         const Body body = body_of(kLarge);
         check(h.insert_foreign({.id = "f", .msg = body.bytes(), .route = kMailRoute}).ok(), "the row is inserted");
         Append same = with_body(h.new_append("f"), body);
         check_equal(h.apply(same).kind, AppendAnswer::Kind::kDuplicate, "the same message");
         check(only_row(h.apply(h.new_take())).message.body == body, "the body taken");
         check_equal(h.apply(same).kind, AppendAnswer::Kind::kDuplicate, "the same message after the take");
         check_stored(h, "f", body);
         check_claimed(h, wanting_claim(h, "f", body), body);
         h.check_statistics("a claim");
       }},
      {"AnAdoptedLargeBodyIsKept",
       [](LogHarness& h) {
         const Body body = body_of(kLarge, /*binary=*/true);
         Adopt adopt;
         adopt.message = h.message("a");
         adopt.message.body = body;
         adopt.digest = digest_of(body.bytes());
         adopt.claim = h.new_claim("a");
         adopt.claim.digest = adopt.digest;
         check_equal(h.apply(adopt).verdict, ClaimVerdict::kGranted, "the verdict");
         check_stored(h, "a", body);
       }},
      {"AnAdoptionComparesLargeBodiesWhereThereIsNoDigest",
       [](LogHarness& h) {
         const Body body = body_of(kLarge);
         check(h.insert_foreign({.id = "f", .msg = body.bytes(), .route = kMailRoute}).ok(), "the row is inserted");
         Adopt adopt;
         adopt.message = h.message("f");
         adopt.message.body = body_of(kLarge + 1);
         adopt.digest = digest_of(adopt.message.body.bytes());
         adopt.claim = h.new_claim("f");
         adopt.claim.digest = adopt.digest;
         check_equal(h.apply(adopt).verdict, ClaimVerdict::kAnotherMessage, "another body");
         adopt.message.body = body;
         adopt.digest = digest_of(body.bytes());
         adopt.claim.digest = adopt.digest;
         check_equal(h.apply(adopt).verdict, ClaimVerdict::kGranted, "the same body");
       }},
      {"ADeadLetterCopyHasTheLargeBody",
       [](LogHarness& h) {
         const Body body = body_of(kLarge);
         h.apply(with_body(h.new_append("m"), body));
         const Claim claim = wanting_claim(h, "m", body);
         check_claimed(h, claim, body);
         Finish finish = h.new_finish(Fence{{"m"}, claim.owner, 1, claim.token}, Fail{"no"});
         finish.dead_letter = kDeadRoute;
         h.apply(finish);
         const auto copies = h.dead_letter_copies("m");
         check_equal(copies.size(), std::size_t{1}, "the copies");
         check_stored(h, copies.front().message.id.value, body);
         check_stored(h, "m", body);
       }},
      {"APrunedLargeBodyIsGoneWithItsRow",
       [](LogHarness& h) {
         const Body body = body_of(kLarge);
         h.apply(with_body(h.new_append("m"), body));
         const Claim claim = wanting_claim(h, "m", body);
         check_claimed(h, claim, body);
         h.finish(Fence{{"m"}, claim.owner, 1, claim.token}, Done{});
         h.advance(Duration{2'000});
         check_equal(h.apply(Prune{Duration{1'000}, 10}).rows, 1, "the rows pruned");
         const Body empty;
         append_due(h, "m", empty);
         check_stored(h, "m", empty);
       }},
  };
}

}  // namespace waybill::contract
