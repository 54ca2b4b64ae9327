#include "tests/contract/wrong_logs.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "tests/contract/memory_log_under_test.h"

namespace waybill::contract {
namespace {

/// Hands everything on to a right log; derived classes spoil the commit.
class Decorator : public LogUnderTest, protected MessageLog {
 public:
  explicit Decorator(WallClock& clock) : inner_(clock) {}
  [[nodiscard]] MessageLog& log() final { return *this; }
  [[nodiscard]] MessageReader& reader() final { return inner_.reader(); }
  [[nodiscard]] Status insert_foreign(const ForeignRow& row) final { return inner_.insert_foreign(row); }

 protected:
  [[nodiscard]] Result<Committed> commit(std::span<const Write> writes) override { return inner_.log().commit(writes); }
  [[nodiscard]] Result<WallTime> now() override { return inner_.log().now(); }
  [[nodiscard]] std::string identity() const override { return "decorated"; }

  MemoryLogUnderTest inner_;
};

/// Gives every mark the number that fits.
class IgnoresPublishNumbers final : public Decorator {
  using Decorator::Decorator;
  Result<Committed> commit(std::span<const Write> writes) override {
    std::vector<Write> fitted(writes.begin(), writes.end());
    for (Write& write : fitted) {
      if (auto* sent = std::get_if<MarkSent>(&write)) fit(*sent);
      if (auto* failed = std::get_if<MarkFailed>(&write)) fit(*failed);
    }
    return inner_.log().commit(fitted);
  }
  template <class Mark>
  void fit(Mark& mark) {
    const auto found = inner_.reader().find(mark.id, false);
    if (found.ok() && found.value()) mark.publish_number = found.value()->publish_count;
  }
};

/// Answers what a success would answer, and applies the writes when the next commit comes.
class AnswersBeforeApplying final : public Decorator {
  using Decorator::Decorator;
  Result<Committed> commit(std::span<const Write> writes) override {
    std::vector<Write> late = std::exchange(waiting_, {writes.begin(), writes.end()});
    const auto applied = inner_.log().commit(late);
    if (!applied.ok()) return applied.error();
    Committed committed{.store_now = applied.value().store_now};
    for (const Write& write : writes) committed.answers.emplace_back(hopeful_answer(write, committed.store_now));
    return committed;
  }
  static Answer hopeful_answer(const Write& write, WallTime now) {
    if (const auto* append = std::get_if<Append>(&write)) {
      return AppendAnswer{.id = append->message.id, .store_now = now};
    }
    if (std::holds_alternative<Take>(write)) return TakeAnswer{};
    if (std::holds_alternative<Finish>(write)) return FinishAnswer{};
    if (std::holds_alternative<Claim>(write) || std::holds_alternative<Adopt>(write)) {
      return ClaimAnswer{.verdict = ClaimVerdict::kGranted, .attempt = 1};
    }
    if (std::holds_alternative<LeaseNode>(write)) return NodeAnswer{};
    if (std::holds_alternative<ReportQueues>(write)) return QueueFactsAnswer{};
    if (std::holds_alternative<LapseOwner>(write)) return LapseAnswer{};
    if (std::holds_alternative<Lost>(write) || std::holds_alternative<Prune>(write)) return CountAnswer{};
    return VerbAnswer{};
  }
  std::vector<Write> waiting_;
};

/// Applies a batch from its end.
class ReordersABatch final : public Decorator {
  using Decorator::Decorator;
  Result<Committed> commit(std::span<const Write> writes) override {
    const std::vector<Write> reversed(writes.rbegin(), writes.rend());
    auto committed = inner_.log().commit(reversed);
    if (committed.ok()) std::ranges::reverse(committed.value().answers);
    return committed;
  }
};

/// Gives the answers in another order than the writes.
class SwapsAnswers final : public Decorator {
  using Decorator::Decorator;
  Result<Committed> commit(std::span<const Write> writes) override {
    auto committed = inner_.log().commit(writes);
    if (!committed.ok() || committed.value().answers.size() < 2) return committed;
    auto& answers = committed.value().answers;
    std::swap(answers[0], answers[1]);
    return committed;
  }
};

/// Accepts the second message of a batch without keeping it.
class DropsARowSilently final : public Decorator {
  using Decorator::Decorator;
  Result<Committed> commit(std::span<const Write> writes) override {
    std::vector<Write> kept;
    std::optional<AppendAnswer> dropped;
    std::size_t at = 0;
    for (const Write& write : writes) {
      const auto* append = std::get_if<Append>(&write);
      if (append != nullptr && !kept.empty() && !dropped) {
        dropped = AppendAnswer{.id = append->message.id};
        at = kept.size();
      } else {
        kept.push_back(write);
      }
    }
    auto committed = inner_.log().commit(kept);
    if (!committed.ok() || !dropped) return committed;
    auto& answers = committed.value().answers;
    answers.insert(answers.begin() + static_cast<std::ptrdiff_t>(at), Result<Answer>(Answer(*dropped)));
    return committed;
  }
};

/// Lets whatever follows a failing write fail with it.
class GivesUpAfterAFailingWrite final : public Decorator {
  using Decorator::Decorator;
  Result<Committed> commit(std::span<const Write> writes) override {
    Committed committed;
    bool failed = false;
    for (const Write& write : writes) {
      if (failed) {
        committed.answers.emplace_back(make_error(ErrorClass::kRetry, "an earlier write of the batch failed"));
        continue;
      }
      auto one = inner_.log().commit({&write, 1});
      if (!one.ok()) return one;
      failed = !one.value().answers.front().ok();
      committed.answers.push_back(std::move(one.value().answers.front()));
    }
    committed.store_now = *inner_.log().now();
    return committed;
  }
};

/// Changes each append before it is stored.
class ChangesAppends : public Decorator {
  using Decorator::Decorator;
  Result<Committed> commit(std::span<const Write> writes) final {
    std::vector<Write> changed(writes.begin(), writes.end());
    for (Write& write : changed) {
      if (auto* append = std::get_if<Append>(&write)) change(*append);
    }
    return inner_.log().commit(changed);
  }
  virtual void change(Append& append) = 0;
};

class CutsBodiesAtNul final : public ChangesAppends {
  using ChangesAppends::ChangesAppends;
  void change(Append& append) override {
    const Body& body = append.message.body;
    append.message.body = Body(body.bytes().substr(0, body.bytes().find('\0')), body.binary());
  }
};

class TrimsIds final : public ChangesAppends {
  using ChangesAppends::ChangesAppends;
  void change(Append& append) override {
    std::string& id = append.message.id.value;
    id.erase(id.find_last_not_of(' ') + 1);
  }
};

class SortsHeaders final : public ChangesAppends {
  using ChangesAppends::ChangesAppends;
  void change(Append& append) override { std::ranges::sort(append.message.headers); }
};

class ForgetsTokens final : public ChangesAppends {
  using ChangesAppends::ChangesAppends;
  void change(Append& append) override { append.token = {++token_}; }
  std::uint64_t token_ = 0;
};

class Unspoiled final : public Decorator {
  using Decorator::Decorator;
};

template <class Log>
LogFactory factory_of() {
  return [](WallClock& clock) -> std::unique_ptr<LogUnderTest> { return std::make_unique<Log>(clock); };
}

}  // namespace

std::vector<WrongLog> mutated_logs() {
  std::vector<WrongLog> logs;
  for (const NamedMutation& mutation : memory_log_mutations()) {
    MemoryLog::Mutations drop;
    drop.*mutation.guard = true;
    logs.push_back({mutation.name, [drop](WallClock& clock) -> std::unique_ptr<LogUnderTest> {
                      return std::make_unique<MemoryLogUnderTest>(clock, drop);
                    }});
  }
  return logs;
}

std::vector<WrongLog> spoiled_logs() {
  return {
      {"ignores_publish_numbers", factory_of<IgnoresPublishNumbers>()},
      {"answers_before_applying", factory_of<AnswersBeforeApplying>()},
      {"reorders_a_batch", factory_of<ReordersABatch>()},
      {"swaps_answers", factory_of<SwapsAnswers>()},
      {"drops_a_row_silently", factory_of<DropsARowSilently>()},
      {"gives_up_after_a_failing_write", factory_of<GivesUpAfterAFailingWrite>()},
      {"cuts_bodies_at_nul", factory_of<CutsBodiesAtNul>()},
      {"trims_ids", factory_of<TrimsIds>()},
      {"sorts_headers", factory_of<SortsHeaders>()},
      {"forgets_tokens", factory_of<ForgetsTokens>()},
  };
}

LogFactory unspoiled_log() { return factory_of<Unspoiled>(); }

}  // namespace waybill::contract
