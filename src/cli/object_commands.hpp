#pragma once

#include <string>
#include <vector>

#include "src/cli/session.hpp"

namespace slipway::cli {

/// How `get` prints.
enum class Output { kTable, kWide, kYaml, kJson, kName };

struct GetOptions {
  std::string resource;
  std::vector<std::string> names;  ///< empty: all
  std::string selector;            ///< labels, as `-l`
  Output output = Output::kTable;
  bool watch = false;
  bool all_namespaces = false;
  bool ignore_not_found = false;
  bool show_managed_fields = false;  ///< who owns which field; long, and seldom of interest
};

struct ApplyOptions {
  std::vector<std::string> files;  ///< as Apply says
  bool server_side = false;        ///< the API merges, and keeps who owns which field
  bool force_conflicts = false;    ///< take fields away from their owners
  std::string field_manager = "slipway-cli";
};

/// Each of these is one command, whole: it talks to the API, prints, and says how it ended.
ExitCode Get(const Session& session, const GetOptions& options, const Streams& streams);

/// Applies every document of the files ("-" is standard input; of a folder every *.yaml, *.yml and
/// *.json, ordered). A document that fails does not keep the others from being applied.
ExitCode Apply(const Session& session, const ApplyOptions& options, const Streams& streams);

/// Deletes by name, or every document of `files`.
struct DeleteOptions {
  std::string resource;
  std::vector<std::string> names;
  std::vector<std::string> files;
  bool ignore_not_found = false;
  bool wait = true;  ///< until the objects are gone
  std::string policy =
      "Background";  ///< what becomes of what belongs to them, as Kubernetes calls it
  Duration timeout = std::chrono::minutes(5);
};
/// Deletes the objects and, where asked, waits until they are gone.
ExitCode Delete(const Session& session, const DeleteOptions& options, const Streams& streams);

/// Prints one object for people: what it is, how it is, what happened to it.
ExitCode Describe(const Session& session, const std::string& resource, const std::string& name,
                  const Streams& streams);

}  // namespace slipway::cli
