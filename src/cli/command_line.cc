#include "cli/command_line.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>

#include "base/log.h"
#include "cli/output.h"

namespace waybill::cli {
namespace {

constexpr const char* kIntroduction =
    "Waybill carries messages and mail so that what was accepted is never lost.\n"
    "Commands speak to a running `waybill serve`; give --json for scripts.";
constexpr const char* kExitCodes =
    "Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 not found, 4 unreachable, 5 state forbids it";

void add_option(CLI::App& app, const Option& option) {
  CLI::Option* added = nullptr;
  if (auto* const* text = std::get_if<std::string*>(&option.target)) {
    added = app.add_option(option.name, **text, option.help);
  } else if (auto* const* list = std::get_if<std::vector<std::string>*>(&option.target)) {
    // One value each time, so that an argument that follows is not swallowed.
    added = app.add_option(option.name, **list, option.help)->allow_extra_args(false);
  } else if (auto* const* flag = std::get_if<bool*>(&option.target)) {
    added = app.add_flag(option.name, **flag, option.help);
  } else if (const auto* whole = std::get_if<BoundedInt>(&option.target)) {
    added = app.add_option(option.name, *whole->value, option.help)->check(CLI::Range(whole->least, whole->most));
  } else {
    const auto& number = std::get<BoundedNumber>(option.target);
    added = app.add_option(option.name, *number.value, option.help)->check(CLI::Range(number.least, number.most));
  }
  added->required(option.required);
  if (!option.value_name.empty()) added->type_name(option.value_name);
}

std::string examples_of(const Command& command) {
  std::string text = "Examples:";
  for (const auto& example : command.examples()) text += "\n  " + example;
  return text;
}

const char* summary_of_group(const std::string& name) {
  if (name == "migrate") return "The schema of a message log that is shared";
  if (name == "topology") return "The exchanges, queues and bindings on the broker";
  return name == "bench" ? "Measure what this machine does with it" : "Check or show the configuration";
}

/// The tree of commands as the library knows it: `config check` hangs below a group `config`.
class Tree {
 public:
  explicit Tree(const std::vector<std::unique_ptr<Command>>& commands) : app_(kIntroduction, "waybill") {
    app_.require_subcommand(1);
    app_.footer("Run `waybill help COMMAND` for its options and examples.\n" + std::string(kExitCodes));
    app_.add_flag("--version", version_, "Print the version");
    for (const auto& command : commands) add(*command);
    help_ = app_.add_subcommand("help", "Explain a command");
    help_->add_option("COMMAND", help_words_, "Its name");
  }

  CLI::App& app() { return app_; }
  [[nodiscard]] bool asks_help() const { return help_->parsed(); }

  [[nodiscard]] Command* chosen() const {
    for (const auto& [app, command] : commands_) {
      if (app->parsed()) return command;
    }
    return nullptr;
  }

  [[nodiscard]] const std::vector<std::string>& help_words() const { return help_words_; }

  /// Of the command that `words` name, or of the program; nothing if there is none. Only for a tree that has parsed
  /// nothing: the library explains what was parsed, whatever it is asked.
  [[nodiscard]] std::optional<std::string> help(const std::vector<std::string>& words) const {
    const CLI::App* about = &app_;
    std::string before;
    for (const auto& word : words) {
      before += (before.empty() ? "" : " ") + about->get_name();
      about = find(*about, word);
      if (about == nullptr) return std::nullopt;
    }
    return about->help(before);
  }

  [[nodiscard]] bool knows(const std::string& command) const { return find(app_, command) != nullptr; }

  /// The words of the command that was parsed, for help on it.
  [[nodiscard]] std::vector<std::string> parsed_words() const {
    std::vector<std::string> words;
    for (const auto* app = &app_; !app->get_subcommands().empty(); words.push_back(app->get_name())) {
      app = app->get_subcommands().front();
    }
    return words;
  }

 private:
  void add(Command& command) {
    const std::string whole = command.name();
    const auto blank = whole.find(' ');
    CLI::App* parent = &app_;
    if (blank != std::string::npos) parent = group(whole.substr(0, blank));
    CLI::App* app =
        parent->add_subcommand(blank == std::string::npos ? whole : whole.substr(blank + 1), command.summary());
    for (const Option& option : command.options()) add_option(*app, option);
    app->footer(examples_of(command));
    commands_.emplace_back(app, &command);
  }

  static const CLI::App* find(const CLI::App& parent, const std::string& name) {
    const auto found = parent.get_subcommands([&](const CLI::App* app) { return app->get_name() == name; });
    return found.empty() ? nullptr : found.front();
  }

  CLI::App* group(const std::string& name) {
    auto& found = groups_[name];
    if (found == nullptr) {
      found = app_.add_subcommand(name, summary_of_group(name));
      found->require_subcommand(1);
    }
    return found;
  }

  CLI::App app_;
  CLI::App* help_ = nullptr;
  std::vector<std::string> help_words_;
  bool version_ = false;
  std::map<std::string, CLI::App*> groups_;
  std::vector<std::pair<CLI::App*, Command*>> commands_;
};

ExitCode refuse(const std::string& sentence) {
  std::fprintf(stderr, "waybill: %s\n", escape_line(sentence).c_str());
  return ExitCode::kUsage;
}

ExitCode refuse_command(const std::string& name) {
  return refuse("there is no command '" + name + "'; `waybill help` lists them");
}

ExitCode explain(const std::vector<std::unique_ptr<Command>>& commands, const std::vector<std::string>& words) {
  const auto text = Tree(commands).help(words);
  if (!text) return refuse_command(words.back());
  print(*text);
  return ExitCode::kDone;
}

ExitCode run_version(const std::vector<std::unique_ptr<Command>>& commands) {
  const auto found =
      std::find_if(commands.begin(), commands.end(), [](const auto& command) { return command->name() == "version"; });
  return found == commands.end() ? ExitCode::kUsage : (*found)->run();
}

}  // namespace

ExitCode run_command_line(const std::vector<std::unique_ptr<Command>>& commands, std::vector<std::string> arguments) {
  Tree tree(commands);
  if (arguments == std::vector<std::string>{"--version"}) return run_version(commands);
  if (!arguments.empty() && !arguments[0].starts_with('-') && !tree.knows(arguments[0])) {
    return refuse_command(arguments[0]);
  }
  std::reverse(arguments.begin(), arguments.end());  // the library takes them from the back
  try {
    tree.app().parse(arguments);
    if (tree.asks_help()) return explain(commands, tree.help_words());
  } catch (const CLI::CallForHelp&) {
    return explain(commands, tree.parsed_words());
  } catch (const CLI::ParseError& error) {
    return refuse(std::string(error.what()) + "; `waybill help` explains the commands");
  }
  Command* command = tree.chosen();
  return command == nullptr ? ExitCode::kUsage : command->run();
}

}  // namespace waybill::cli
