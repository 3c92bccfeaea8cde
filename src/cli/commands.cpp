#include "src/cli/commands.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <memory>

#include "src/cli/access.hpp"
#include "src/cli/arguments.hpp"
#include "src/cli/fleet_commands.hpp"
#include "src/cli/fleet_doctor.hpp"
#include "src/cli/logs.hpp"
#include "src/cli/object_commands.hpp"
#include "src/cli/rollout_commands.hpp"
#include "src/cli/token.hpp"

namespace slipway::cli {
namespace {

constexpr int kMaxLogLines = 100'000;

/// What every command shares: where to write, who to ask, how it ended.
struct Frame {
  GlobalOptions options;
  const Streams& streams;
  ExitCode& exit_code;

  /// Opens the session and runs `command` with it. What a library throws in spite of our care is an error like others.
  void Run(const std::function<ExitCode(const Session&)>& command) {
    RunHere([&] {
      const auto session = Session::Open(options);
      return session.has_value() ? command(session.value()) : Report(session.error(), streams);
    });
  }

  /// A command that asks no control plane.
  void RunHere(const std::function<ExitCode()>& command) {
    try {
      exit_code = command();
    } catch (const std::exception& error) {
      exit_code = Report(Fail(Code::kInternal, error.what()), streams);
    }
  }
};
using FramePtr = std::shared_ptr<Frame>;

/// The value of a word of the command line, or CLI11's own error where it has none.
template <typename Value>
Value Understood(Result<Value> parsed) {
  if (!parsed.has_value()) {
    throw CLI::ValidationError(parsed.error().message);
  }
  return std::move(parsed.value());
}

/// Adds an option or a positional argument that `parse` reads into `target`.
template <typename Value, typename Parse>
CLI::Option* AddParsed(CLI::App& command, const std::string& name, Value& target, Parse parse,
                       const std::string& description) {
  return command.add_option_function<std::string>(
      name,
      [&target, parse, shown = name.substr(name.rfind(',') + 1)](const std::string& text) {
        const Result<Value> parsed = parse(text);
        if (!parsed.has_value()) {
          throw CLI::ValidationError(shown, parsed.error().message);
        }
        target = parsed.value();
      },
      description);
}

void AddDuration(CLI::App& command, const std::string& name, Duration& target,
                 const std::string& description) {
  AddParsed(command, name, target, ParseDurationFlag, description);
}

/// Adds the name of an object of `kind`, which must be given.
void AddName(CLI::App& command, const std::string& kind, const std::string& called,
             std::string& target) {
  AddParsed(
      command, called, target, [kind](const std::string& word) { return ParseName(kind, word); },
      "Name of the " + kind)
      ->required();
}

/// Options that exclude each other where the command line is taken as a whole.
void Refuse(bool wrong, const std::string& message) {
  if (wrong) {
    throw CLI::ValidationError(message);
  }
}

void AddApply(CLI::App& app, const FramePtr& frame) {
  auto* command = app.add_subcommand("apply", "Create or change objects as files say");
  auto options = std::make_shared<ApplyOptions>();
  command->add_option("-f,--filename", options->files, "File, folder, or - for standard input")
      ->required();
  command->add_flag("--server-side", options->server_side,
                    "Let the API merge, and keep who owns which field");
  command->add_flag("--force-conflicts", options->force_conflicts,
                    "Take fields away from their owners; with --server-side");
  command->add_option("--field-manager", options->field_manager,
                      "Who owns what is applied; with --server-side (slipway-cli)");
  command->callback([=] {
    Refuse(options->force_conflicts && !options->server_side,
           "--force-conflicts means something with --server-side only");
    frame->Run([&](const Session& session) { return Apply(session, *options, frame->streams); });
  });
}

Result<Output> ParseOutput(const std::string& word) {
  for (const auto& [name, output] : {std::pair{"wide", Output::kWide},
                                     {"yaml", Output::kYaml},
                                     {"json", Output::kJson},
                                     {"name", Output::kName}}) {
    if (word == name) {
      return output;
    }
  }
  return Fail(Code::kInvalid, "\"" + word + "\": must be wide, yaml, json or name");
}

/// What `get` cannot show at the same time.
void CheckGet(const GetOptions& options) {
  const bool table = options.output == Output::kTable || options.output == Output::kWide;
  Refuse(options.watch && (!table || options.names.size() > 1),
         "--watch shows a table of all objects or of one; leave out -o yaml, json and name, and "
         "all names but one");
  Refuse(!options.names.empty() && options.all_namespaces,
         "a name means one object of one namespace; leave out --all-namespaces");
}

void AddGet(CLI::App& app, const FramePtr& frame) {
  auto* command = app.add_subcommand("get", "Show objects");
  auto options = std::make_shared<GetOptions>();
  command->add_option("resource", options->resource, "Kind, such as applications or app; KIND/NAME")
      ->required();
  command->add_option("names", options->names, "Names; without one, all of them");
  AddParsed(*command, "-o,--output", options->output, ParseOutput, "wide, yaml, json or name");
  AddParsed(*command, "-l,--selector", options->selector, ParseSelector,
            "Labels, such as role=web,tier!=test");
  command->add_flag("-w,--watch", options->watch, "Go on and show every change");
  command->add_flag("-A,--all-namespaces", options->all_namespaces, "Of every namespace");
  command->add_flag("--ignore-not-found", options->ignore_not_found,
                    "An object that is not there is no error");
  command->add_flag("--show-managed-fields", options->show_managed_fields,
                    "Show who owns which field, with -o yaml or json");
  command->callback([=] {
    const Targets targets = Understood(ParseTargets(options->resource, options->names));
    options->resource = targets.resource;
    options->names = targets.names;
    CheckGet(*options);
    frame->Run([&](const Session& session) { return Get(session, *options, frame->streams); });
  });
}

void AddDescribe(CLI::App& app, const FramePtr& frame) {
  auto* command = app.add_subcommand("describe", "Show one object, its conditions and its events");
  auto words = std::make_shared<std::pair<std::string, std::vector<std::string>>>();
  command->add_option("resource", words->first, "Kind, or KIND/NAME")->required();
  command->add_option("name", words->second, "Name")->expected(0, 1);
  command->callback([=] {
    const Targets targets = Understood(ParseTargets(words->first, words->second));
    Refuse(targets.names.size() != 1, "give a kind and one name, such as app hello");
    frame->Run([&](const Session& session) {
      return Describe(session, targets.resource, targets.names[0], frame->streams);
    });
  });
}

void AddDelete(CLI::App& app, const FramePtr& frame) {
  auto* command = app.add_subcommand("delete", "Delete objects by name, or those of files");
  auto options = std::make_shared<DeleteOptions>();
  command->add_option("resource", options->resource, "Kind, or KIND/NAME");
  command->add_option("names", options->names, "Names");
  command->add_option("-f,--filename", options->files, "File, folder, or - for standard input");
  command->add_flag("--ignore-not-found", options->ignore_not_found,
                    "An object that is not there is no error");
  command->add_flag("--wait", options->wait, "Wait until they are gone (the default)");
  command->add_flag_callback(
      "--no-wait", [options] { options->wait = false; }, "Come back at once");
  AddParsed(*command, "--cascade", options->policy, ParseCascade,
            "What becomes of what belongs to them: it goes after them (background, the default), "
            "before them (foreground), or stays (orphan)");
  AddDuration(*command, "--timeout", options->timeout, "How long to wait (5m)");
  command->callback([=] {
    const bool by_file = !options->files.empty();
    Refuse(by_file != options->resource.empty(), "give either a kind and names, or -f FILE");
    if (!by_file) {
      const Targets targets = Understood(ParseTargets(options->resource, options->names));
      options->resource = targets.resource;
      options->names = targets.names;
      Refuse(options->names.empty(), "give the names of what is to be deleted");
    }
    frame->Run([&](const Session& session) { return Delete(session, *options, frame->streams); });
  });
}

void AddRolloutLevels(CLI::App& rollout, const FramePtr& frame) {
  struct Verb {
    const char* name;
    const char* description;
    Level level;
  };
  for (const Verb& verb :
       {Verb{"pause", "Stop the clock of the rollout in progress", Level::kPause},
        Verb{"resume", "Go on after a pause, or lift the hold of an undo", Level::kResume},
        Verb{"abort", "Give the rollout up and go back", Level::kAbort}}) {
    auto* command = rollout.add_subcommand(verb.name, verb.description);
    auto application = std::make_shared<std::string>();
    AddName(*command, "Application", "application", *application);
    command->callback([=, level = verb.level] {
      frame->Run([&](const Session& session) {
        return SetRolloutLevel(session, *application, level, frame->streams);
      });
    });
  }
}

void AddRolloutNext(CLI::App& rollout, const FramePtr& frame) {
  auto* undo = rollout.add_subcommand(
      "undo", "Go back to the release that was promoted before, and hold it there");
  auto* retry = rollout.add_subcommand("retry", "Try the release that failed once more");
  for (CLI::App* command : {undo, retry}) {
    auto options = std::make_shared<NextOptions>();
    AddName(*command, "Application", "application", options->application);
    command->add_option("--reason", options->reason, "Why; kept in the Rollout");
    if (command == undo) {
      command->add_option("--to", options->to, "Number of the rollout whose release to go back to");
    }
    command->callback([=] {
      frame->Run([&](const Session& session) {
        return command == undo ? UndoRollout(session, *options, frame->streams)
                               : RetryRollout(session, *options, frame->streams);
      });
    });
  }
}

void AddRollout(CLI::App& app, const FramePtr& frame) {
  auto* rollout = app.add_subcommand(
      "rollout", "Rollouts: status, watch, history; pause, resume, abort; undo, retry");
  rollout->require_subcommand(1);
  auto* history = rollout->add_subcommand("history", "Every attempt that is kept");
  auto application = std::make_shared<std::string>();
  AddName(*history, "Application", "application", *application);
  history->callback([=] {
    frame->Run([&](const Session& session) {
      return RolloutHistory(session, *application, frame->streams);
    });
  });
  auto* status = rollout->add_subcommand("status", "Follow the newest rollout until it ends");
  auto* watch = rollout->add_subcommand("watch", "Follow every rollout until interrupted");
  for (CLI::App* command : {status, watch}) {
    auto options = std::make_shared<FollowOptions>();
    options->forever = command == watch;
    AddName(*command, "Application", "application", options->application);
    if (command == status) {
      AddParsed(*command, "--revision", options->revision, ParseRevision,
                "Wait for the rollout of this commit");
      AddDuration(*command, "--timeout", options->timeout, "Exit code 3 after this long (30m)");
    }
    command->callback([=] {
      frame->Run(
          [&](const Session& session) { return FollowRollout(session, *options, frame->streams); });
    });
  }
  AddRolloutLevels(*rollout, frame);
  AddRolloutNext(*rollout, frame);
}

void AddFleet(CLI::App& app, const FramePtr& frame) {
  auto* fleet = app.add_subcommand("fleet", "Fleets: preview, doctor, confirm");
  fleet->require_subcommand(1);
  auto* preview = fleet->add_subcommand(
      "preview", "Ask a Fleet's provider from this machine, and show who would be in the fleet");
  auto file = std::make_shared<std::string>();
  preview->add_option("-f,--filename", *file, "File with the Fleet; - is standard input")
      ->required();
  preview->callback([frame, file] {
    frame->RunHere([&] { return PreviewFleet(*file, frame->options, frame->streams); });
  });
  auto* doctor = fleet->add_subcommand(
      "doctor", "Try from this machine what a fleet's provider needs, and say what is missing");
  auto examined = std::make_shared<std::string>();
  AddName(*doctor, "Fleet", "fleet", *examined);
  doctor->callback([frame, examined] {
    frame->RunHere([&] { return ExamineFleet(*examined, frame->options, frame->streams); });
  });
  auto* confirm = fleet->add_subcommand(
      "confirm",
      "Let servers go that the provider does not list, and that are too many to "
      "leave by themselves");
  auto name = std::make_shared<std::string>();
  AddName(*confirm, "Fleet", "fleet", *name);
  confirm->callback([frame, name] {
    frame->Run(
        [&](const Session& session) { return ConfirmRemoval(session, *name, frame->streams); });
  });
}

void AddLogs(CLI::App& app, const FramePtr& frame) {
  auto* command = app.add_subcommand("logs", "Show the end of an application's log on one server");
  auto options = std::make_shared<LogsOptions>();
  AddName(*command, "Server", "server", options->server);
  AddName(*command, "Application", "application", options->application);
  command->add_option("-p,--process", options->process, "Name of the process (the first one)");
  command->add_option("--tail", options->lines, "How many lines (200)");
  command->callback([=] {
    Refuse(options->lines < 1 || options->lines > kMaxLogLines,
           "--tail: must be from 1 to " + std::to_string(kMaxLogLines));
    frame->Run([&](const Session& session) { return Logs(session, *options, frame->streams); });
  });
}

void AddToken(CLI::App& app, const FramePtr& frame) {
  auto* token = app.add_subcommand("token", "Tokens that agents join with: create");
  token->require_subcommand(1);
  auto* create = token->add_subcommand("create", "Make one");
  auto options = std::make_shared<TokenOptions>();
  create->add_option("--fleet", options->fleet, "The only fleet that it opens");
  AddDuration(*create, "--ttl", options->ttl, "How long it may be used (24h)");
  create->add_flag("-q,--quiet", options->bare, "Print the token and nothing else");
  create->callback([=] {
    Refuse(options->ttl <= Duration(0), "--ttl: must be longer than nothing, such as 24h");
    frame->Run(
        [&](const Session& session) { return CreateToken(session, *options, frame->streams); });
  });
}

void AddAccessCreate(CLI::App& access, const FramePtr& frame) {
  auto* create = access.add_subcommand(
      "create", "Let somebody use the API: of every namespace, or with -n of that one");
  auto options = std::make_shared<AccessOptions>();
  create->add_option("name", options->name, "Who it is for, such as ci")->required();
  create->add_option("--role", options->role, "viewer, deployer or admin")
      ->required()
      ->check(CLI::IsMember({"viewer", "deployer", "admin"}));
  auto lifetime = std::make_shared<Duration>(0);
  AddParsed(*create, "--expires", *lifetime, ParseLifetime,
            "When it ends by itself, such as 90d or 12h (never)");
  create->add_option("--write-kubeconfig", options->kubeconfig,
                     "Write a kubeconfig that uses it into this new file; print no token");
  create->add_flag("-q,--quiet", options->bare, "Print the token and nothing else");
  create->callback([=] {
    options->ns = frame->options.ns;
    if (*lifetime > Duration(0)) {
      options->lifetime = *lifetime;
    }
    frame->Run(
        [&](const Session& session) { return CreateAccess(session, *options, frame->streams); });
  });
}

void AddAccess(CLI::App& app, const FramePtr& frame) {
  auto* access = app.add_subcommand(
      "access", "Who may use the API beside the administrator: create, list, revoke");
  access->require_subcommand(1);
  AddAccessCreate(*access, frame);
  auto* list = access->add_subcommand("list", "Show them");
  list->callback([frame] {
    frame->Run([&](const Session& session) {
      return Get(session, {.resource = "accesstokens", .names = {}, .selector = ""},
                 frame->streams);
    });
  });
  auto* revoke = access->add_subcommand("revoke", "End what they may do, at once");
  auto names = std::make_shared<std::vector<std::string>>();
  revoke->add_option("names", *names, "Whose")->required();
  revoke->callback([frame, names] {
    frame->Run(
        [&](const Session& session) { return RevokeAccess(session, *names, frame->streams); });
  });
}

}  // namespace

void AddClientCommands(CLI::App& app, const Streams& streams, ExitCode& exit_code) {
  auto frame = std::make_shared<Frame>(Frame{{}, streams, exit_code});
  app.add_option("--kubeconfig", frame->options.kubeconfig,
                 "Who to ask; $KUBECONFIG, then the data directory's admin.kubeconfig");
  app.add_option("--context", frame->options.context,
                 "Context of the kubeconfig (its current one)");
  app.add_option("--token", frame->options.token,
                 "Ask with this token, and not as whom the kubeconfig says");
  app.add_option("-n,--namespace", frame->options.ns, "Namespace (that of the kubeconfig)");
  app.fallthrough();
  AddApply(app, frame);
  AddGet(app, frame);
  AddDescribe(app, frame);
  AddDelete(app, frame);
  AddRollout(app, frame);
  AddFleet(app, frame);
  AddLogs(app, frame);
  AddToken(app, frame);
  AddAccess(app, frame);
}

Streams StandardStreams() {
  const bool terminal = isatty(STDOUT_FILENO) != 0;
  const char* no_color = std::getenv("NO_COLOR");
  Streams streams{.in = std::cin, .out = std::cout, .err = std::cerr};
  streams.terminal = terminal;
  streams.color = terminal && (no_color == nullptr || *no_color == '\0');
  streams.window = [] {
    WindowSize window;
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
      window = {.columns = size.ws_col, .rows = size.ws_row};
    }
    return window;
  };
  return streams;
}

}  // namespace slipway::cli
