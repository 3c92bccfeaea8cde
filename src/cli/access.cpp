#include "src/cli/access.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>

#include "reconciler/api/scalars.hpp"
#include "src/cli/output.hpp"

namespace slipway::cli {
namespace {

using nlohmann::json;

std::string Base64(const std::string& text) {
  std::string encoded((text.size() + 2) / 3 * 4, '\0');
  // It also writes a zero behind the last digit, which a std::string has room for.
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                  reinterpret_cast<const unsigned char*>(text.data()),
                  static_cast<int>(text.size()));
  return encoded;
}

/// JSON is YAML too, and leaves nothing to quote.
std::string KubeconfigText(const kube::Connection& connection, const std::string& name,
                           const std::string& ns, const std::string& secret) {
  json cluster = {{"server", connection.server}};
  if (!connection.ca_pem.empty()) {
    cluster["certificate-authority-data"] = Base64(connection.ca_pem);
  }
  const json context = {{"cluster", "slipway"}, {"user", name}, {"namespace", ns}};
  const json config = {{"apiVersion", "v1"},
                       {"kind", "Config"},
                       {"clusters", {{{"name", "slipway"}, {"cluster", cluster}}}},
                       {"users", {{{"name", name}, {"user", {{"token", secret}}}}}},
                       {"contexts", {{{"name", "slipway"}, {"context", context}}}},
                       {"current-context", "slipway"}};
  return config.dump(2) + "\n";
}

/// A file that was not there before, and that nobody else may read; gone again unless it was filled.
class NewFile {
 public:
  static Result<NewFile> Make(const std::string& path) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) {
      const int why = errno;
      return Fail(Code::kInvalid, path + ": cannot be made: " + std::strerror(why) +
                                      (why == EEXIST ? "; choose another name, or delete it" : ""));
    }
    return NewFile(path, file);
  }

  NewFile(NewFile&& other) noexcept
      : path_(std::move(other.path_)), file_(std::exchange(other.file_, -1)) {}
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  NewFile& operator=(NewFile&&) = delete;
  ~NewFile() {
    if (file_ >= 0) {
      ::close(file_);
      ::unlink(path_.c_str());
    }
  }

  Result<void> Fill(const std::string& text) {
    const bool written =
        ::write(file_, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    if (!written || ::fsync(file_) != 0) {
      return Fail(Code::kInternal, path_ + ": cannot be written: " + std::strerror(errno));
    }
    ::close(std::exchange(file_, -1));
    return Ok();
  }

 private:
  NewFile(std::string path, int file) : path_(std::move(path)), file_(file) {}

  std::string path_;
  int file_;
};

Result<std::string> PathOf(const Session& session, const std::string& name) {
  SLIPWAY_TRY(resource, FindResource("accesstokens"));
  return session.Path(resource, name);
}

Result<std::string> MakeToken(const Session& session, const AccessOptions& options) {
  json object = {{"apiVersion", "access.slipway.dev/v1alpha1"},
                 {"kind", "AccessToken"},
                 {"metadata", {{"name", options.name}}},
                 {"spec", {{"role", options.role}}}};
  if (!options.ns.empty()) {
    object["spec"]["namespace"] = options.ns;
  }
  if (options.lifetime) {
    const auto end = std::chrono::system_clock::now() + *options.lifetime;
    object["spec"]["expires"] = api::FormatTime(std::chrono::floor<std::chrono::seconds>(end));
  }
  SLIPWAY_TRY(path, PathOf(session, ""));
  SLIPWAY_TRY(made, session.Create(path, object));
  const std::string secret = made.value("/status/token"_json_pointer, std::string());
  if (secret.empty()) {
    return Fail(Code::kInternal, "the server gave no token");
  }
  return secret;
}

Result<std::string> MakeKubeconfig(const Session& session, const AccessOptions& options) {
  SLIPWAY_TRY(file, NewFile::Make(options.kubeconfig));
  SLIPWAY_TRY(secret, MakeToken(session, options));
  const std::string ns = options.ns.empty() ? session.ns() : options.ns;
  auto filled = file.Fill(KubeconfigText(session.connection(), options.name, ns, secret));
  if (!filled.has_value()) {
    // Nobody has it: it must not stay.
    SLIPWAY_TRY(path, PathOf(session, options.name));
    (void)session.Send({.method = "DELETE", .path = path});
    return filled.error();
  }
  return secret;
}

std::string WhatItOpens(const AccessOptions& options) {
  return "role " + options.role + " in " +
         (options.ns.empty() ? "every namespace" : "namespace " + options.ns) + ", " +
         (options.lifetime ? "for " + Elapsed(*options.lifetime)
                           : "until `slipway access revoke " + options.name + "`");
}

}  // namespace

ExitCode CreateAccess(const Session& session, const AccessOptions& options,
                      const Streams& streams) {
  const bool to_file = !options.kubeconfig.empty();
  const auto secret = to_file ? MakeKubeconfig(session, options) : MakeToken(session, options);
  if (!secret.has_value()) {
    return Report(secret.error(), streams);
  }
  if (!to_file) {
    streams.out << secret.value() << "\n";
  }
  if (!options.bare) {
    streams.err << "access of " << options.name << ": " << WhatItOpens(options) << ". "
                << (to_file ? options.kubeconfig + " is its kubeconfig"
                            : "The token is not shown again")
                << ": whoever has it has the access.\n";
  }
  return kSucceeded;
}

ExitCode RevokeAccess(const Session& session, const std::vector<std::string>& names,
                      const Streams& streams) {
  ExitCode ended = kSucceeded;
  for (const std::string& name : names) {
    const auto path = PathOf(session, name);
    const auto answer = session.Send({.method = "DELETE", .path = path.value()});
    if (answer.has_value()) {
      streams.out << "access of " << name << " revoked\n";
    } else {
      ended = Report(answer.error(), streams);
    }
  }
  return ended;
}

}  // namespace slipway::cli
