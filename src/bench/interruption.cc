#include "bench/interruption.h"

#include <cstdlib>

namespace waybill::bench {
namespace {

constexpr int kInterruptedCode = 130;  // as shells tell it: 128 + SIGINT

}  // namespace

Interruption::Interruption(RunWatch& watch)
    : thread_([this, &watch] {
        while (signals_.wait() == app::StopSignals::Event::kSignal) {
          if (watch.interrupted()) std::_Exit(kInterruptedCode);
          watch.interrupt();
        }
      }) {}

Interruption::~Interruption() {
  signals_.wake();
  thread_.join();
}

}  // namespace waybill::bench
