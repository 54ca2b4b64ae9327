// mime_tool MSG_ID FROM MILLIS: reads a mail's message body, of either form, from stdin and writes the mail to stdout,
// dated MILLIS since the epoch. Exit code 1, with the reason on stderr, if the body or the sender is refused. Its
// recipients, as the envelope names them, go to stderr.
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <string>

#include "mail/mail_address.h"
#include "mail/mail_body.h"
#include "mail/mime.h"

int main(int argc, char** argv) {
  using namespace waybill;
  if (argc != 4) {
    std::cerr << "usage: mime_tool MSG_ID FROM MILLIS < BODY\n";
    return 2;
  }
  const std::string json{std::istreambuf_iterator<char>(std::cin), {}};
  const auto body = read_any_mail_body(json, {});
  if (!body) {
    std::cerr << body.error().message << "\n";
    return 1;
  }
  const auto bytes = build_mime(*body, {{argv[1]}, argv[2], from_millis(std::atoll(argv[3]))});
  if (!bytes) {
    std::cerr << bytes.error().message << "\n";
    return 1;
  }
  std::cout << *bytes;
  for (const auto& address : recipients_of(*body)) std::cerr << wire_address(address) << "\n";
  return std::cout.flush() ? 0 : 1;
}
