#include "bench/smtp_source.h"

#include <chrono>

#include "bench/child_process.h"

namespace waybill::bench {

Result<double> run_smtp_source(const std::string& directory, const SmtpSourceOptions& options, RunWatch& watch) {
  constexpr std::chrono::minutes kLongest{10};
  const std::string program = find_program("smtp-source");
  if (program.empty())
    return make_error(ErrorClass::kPermanent, "there is no smtp-source: `scripts/bootstrap postfix` installs it");
  const ChildOptions source{"smtp-source",
                            program,
                            {"smtp-source", "-d", "-s", std::to_string(options.connections), "-l",
                             std::to_string(options.size), "-m", std::to_string(options.mails), "-f", "a@example.org",
                             "-t", "b@example.org", "127.0.0.1:" + std::to_string(options.port)},
                            directory + "/smtp-source.log",
                            /*as_nobody=*/true};
  const auto begin = std::chrono::steady_clock::now();
  if (Status ran = run_child(source, begin + kLongest, watch); !ran.ok()) return ran.error();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace waybill::bench
