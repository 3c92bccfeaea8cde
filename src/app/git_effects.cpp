#include "src/app/git_effects.hpp"

#include <openssl/evp.h>

#include <map>
#include <nlohmann/json.hpp>

#include "src/git/mirror_id.hpp"
#include "src/git/problem.hpp"
#include "src/objects/repository_file.hpp"

namespace slipway::app {
namespace {

using nlohmann::json;
using runtime::OutsideResult;
using runtime::OutsideValue;

template <typename... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};
template <typename... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;

Error WithReason(Code code, std::string message, std::string reason) {
  return Error{
      .code = code,
      .message = message,
      .causes = {{.field = "", .message = std::move(message), .reason = std::move(reason)}}};
}

/// The texts of a Secret's data. Values that are no base64 are left out.
std::map<std::string, std::string> DataOf(const std::string& secret) {
  std::map<std::string, std::string> data;
  const json object = json::parse(secret, nullptr, false);
  const json fields = object.value("data", json::object());
  for (const auto& [key, value] : fields.items()) {
    std::string encoded = value.is_string() ? value.get<std::string>() : "";
    std::string text(encoded.size() + 1, '\0');
    const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                     reinterpret_cast<const unsigned char*>(encoded.data()),
                                     static_cast<int>(encoded.size()));
    if (size >= 0) {
      const std::size_t padding = encoded.ends_with("==") ? 2 : encoded.ends_with("=") ? 1 : 0;
      text.resize(static_cast<std::size_t>(size) - std::min<std::size_t>(padding, size));
      data[key] = std::move(text);
    }
  }
  return data;
}

git::FetchRequest RequestOf(const api::GitRepositorySpec& spec,
                            std::map<std::string, std::string> secret) {
  git::FetchRequest request;
  request.url = spec.url;
  request.deadline = spec.timeout;
  if (!spec.ref.commit.empty()) {
    request.ref = {git::RefKind::kCommit, spec.ref.commit.value};
  } else if (!spec.ref.tag.empty()) {
    request.ref = {git::RefKind::kTag, spec.ref.tag};
  } else {
    request.ref = {git::RefKind::kBranch, spec.ref.branch};
  }
  request.credentials = {.username = secret["username"],
                         .password = secret["password"],
                         .bearer_token = secret["bearerToken"],
                         .ssh_private_key = secret["identity"],
                         .ssh_passphrase = secret["passphrase"],
                         .known_hosts = secret["known_hosts"],
                         .ca_certificates = secret["ca.crt"]};
  return request;
}

OutsideResult FetchFrom(git::Mirror& mirror, const git::FetchRequest& request) {
  SLIPWAY_TRY(fetched, mirror.Fetch(request));
  runtime::FetchedRevision revision{.commit = fetched.commit};
  const auto head = mirror.Resolve(fetched.commit, "");
  if (head.has_value()) {
    revision.author = head.value().author;
    revision.subject = head.value().subject;
  } else if (git::ProblemOf(head.error()) == git::Problem::kEmptyTree) {
    revision.empty = true;
  } else if (git::ProblemOf(head.error()) != git::Problem::kManifestInvalid) {
    return head.error();  // What is wrong with a manifest is the application's to say.
  }
  return OutsideValue(revision);
}

OutsideResult ResolveIn(git::Mirror& mirror, const runtime::ResolveRevision& request) {
  SLIPWAY_TRY(found, mirror.Resolve(request.head, request.path));
  runtime::ResolvedRevision revision{
      .commit = found.commit, .tree = found.tree, .author = found.author, .subject = found.subject};
  if (!request.ancestor.empty()) {
    // An ancestor that the mirror does not hold any more is in no history that it holds.
    revision.descends = mirror.Has(request.ancestor);
    if (revision.descends) {
      // The head, not what was found: the newest commit of a path may have come in by a merge, from a branch that is older.
      SLIPWAY_TRY(descends, mirror.IsDescendant(request.ancestor, request.head));
      revision.descends = descends;
    }
  }
  if (found.manifest) {
    const auto file = objects::ReadRepositoryFile(*found.manifest);
    if (!file.has_value()) {
      std::string message = "slipway.yaml: " + file.error().message;
      for (const Cause& cause : file.error().causes) {
        message += "; " + cause.field + ": " + cause.message;
      }
      return WithReason(Code::kInvalid, std::move(message),
                        git::ReasonOf(git::Problem::kManifestInvalid));
    }
    revision.manifest = file.value();
  }
  return OutsideValue(revision);
}

}  // namespace

void GitEffects::Run(const RunOnPool& pool, std::function<OutsideResult()> work, Done done) {
  pool([this, work = std::move(work), done = std::move(done)] {
    post_([done, result = work()] { done(result); });
  });
}

void GitEffects::Fetch(const std::string& ns, const runtime::FetchRepository& request, Done done) {
  const auto fetch = [this, ns, request, done](std::map<std::string, std::string> secret) {
    Run(
        poll_,
        [this, ns, request, secret = std::move(secret)]() -> OutsideResult {
          SLIPWAY_TRY(mirror, mirrors_.Get(git::MirrorIdOf(ns, request.repository, request.uid)));
          return FetchFrom(*mirror, RequestOf(request.spec, secret));
        },
        done);
  };
  if (!request.spec.secret_ref) {
    return fetch({});
  }
  const std::string name = request.spec.secret_ref->name;
  client_.Get(
      {"v1", "secrets", ns, name}, [fetch, done, name](const Result<kube::ObjectText>& secret) {
        if (secret.has_value()) {
          return fetch(DataOf(*secret.value()));
        }
        if (secret.error().code == Code::kNotFound) {
          return done(
              WithReason(Code::kUnauthorized,
                         "the Secret " + name + " that secretRef names does not exist; create it",
                         git::ReasonOf(git::Problem::kUnauthorized)));
        }
        done(secret.error());
      });
}

void GitEffects::Execute(const std::string& ns, const runtime::OutsideRequest& request, Done done) {
  const auto in_mirror = [this, ns, done](const std::string& repository, const Uid& uid,
                                          auto work) {
    Run(
        look_up_,
        [this, id = git::MirrorIdOf(ns, repository, uid), work]() -> OutsideResult {
          SLIPWAY_TRY(mirror, mirrors_.Get(id));
          return work(*mirror);
        },
        done);
  };
  std::visit(
      Overloaded{[&](const runtime::FetchRepository& fetch) { Fetch(ns, fetch, done); },
                 [&](const runtime::ResolveRevision& resolve) {
                   in_mirror(resolve.repository, resolve.uid,
                             [resolve](git::Mirror& mirror) { return ResolveIn(mirror, resolve); });
                 },
                 [&](const runtime::Pin& pin) {
                   in_mirror(pin.repository, pin.uid, [pin](git::Mirror& mirror) -> OutsideResult {
                     SLIPWAY_TRYV(mirror.PinCommit(pin.id, pin.commit));
                     return OutsideValue();
                   });
                 },
                 [&](const runtime::Unpin& unpin) {
                   in_mirror(unpin.repository, unpin.uid,
                             [unpin](git::Mirror& mirror) -> OutsideResult {
                               SLIPWAY_TRYV(mirror.Unpin(unpin.id));
                               return OutsideValue();
                             });
                 }},
      request);
}

}  // namespace slipway::app
