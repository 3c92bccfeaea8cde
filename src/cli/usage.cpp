#include "src/cli/usage.hpp"

#include <CLI/CLI.hpp>

namespace slipway::cli {
namespace {

/// `rest` of a command line begins with a word that is no command of `command`.
std::string NotUnderstood(const CLI::App& command, const std::vector<std::string>& rest) {
  const auto known = command.get_subcommands([](const CLI::App*) { return true; });
  if (!rest.empty() && rest.front().starts_with('-')) {
    return "unknown option \"" + rest.front() + "\"";
  }
  if (known.empty()) {
    return "\"" + rest.front() + "\" is one word too many";
  }
  std::string text =
      rest.empty() ? "a command is missing" : "unknown command \"" + rest.front() + "\"";
  for (const CLI::App* each : known) {
    text += (each != known.front() ? ", "
             : known.size() > 1    ? "; there are "
                                   : "; there is ") +
            each->get_name();
  }
  return text;
}

}  // namespace

std::string UsageError(const CLI::App& app, const CLI::ParseError& wrong) {
  const CLI::App* command = &app;
  std::string words;
  while (!command->get_subcommands().empty()) {
    command = command->get_subcommands().back();
    words += " " + command->get_name();
  }
  const bool goes_on = !command->get_subcommands([](const CLI::App*) { return true; }).empty();
  const bool missing = goes_on && dynamic_cast<const CLI::RequiredError*>(&wrong) != nullptr;
  const std::vector<std::string> rest = app.remaining(true);
  const std::string message =
      missing || !rest.empty() ? NotUnderstood(*command, rest) : wrong.what();
  return "error: " + app.get_name() + words + ": " + message + "\n`" + app.get_name() + " help" +
         words + "` says more.\n";
}

std::string HelpOf(const CLI::App& app, const std::vector<std::string>& words) {
  const CLI::App* command = &app;
  std::string before;
  for (auto word = words.begin(); word != words.end(); ++word) {
    const auto named =
        command->get_subcommands([&word](const CLI::App* sub) { return sub->check_name(*word); });
    if (named.empty()) {
      throw CLI::ValidationError(NotUnderstood(*command, {word, words.end()}));
    }
    before += (before.empty() ? "" : " ") + command->get_name();
    command = named.front();
  }
  return command->help(before);
}

}  // namespace slipway::cli
