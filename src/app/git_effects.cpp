#include "src/app/git_effects.hpp"

#include <utility>
// <utility> first: Asio 1.74 needs it and does not include it.
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>

#include "reconciler/api/scalars.hpp"
#include "reconciler/base/guarded.hpp"
#include "reconciler/base/overloaded.hpp"
#include "src/git/mirror_id.hpp"
#include "src/git/problem.hpp"
#include "src/objects/repository_file.hpp"
#include "src/objects/secret_data.hpp"

namespace slipway::app {
namespace {

namespace asio = boost::asio;
using runtime::OutsideResult;
using runtime::OutsideValue;

Error WithReason(Code code, std::string message, std::string reason) {
  return Error{
      .code = code,
      .message = message,
      .causes = {{.field = "", .message = std::move(message), .reason = std::move(reason)}}};
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

/// One piece of work and who waits for it. On the home thread but for `work`.
struct GitEffects::Job {
  Job(asio::io_context& io, Work given, Done waiting)
      : work(std::move(given)), done(std::move(waiting)), deadline(io) {}

  void Answer(const OutsideResult& result) {
    deadline.cancel();
    if (const Done waiting = std::exchange(done, nullptr)) {
      waiting(result);
    }
  }

  Work work;
  Done done;  ///< nullptr once it has been answered
  asio::steady_timer deadline;
};

void GitEffects::Run(const RunOnPool& pool, const std::shared_ptr<Job>& job, Duration deadline,
                     std::function<void()> ended) {
  const auto begun = [job, deadline] {
    job->deadline.expires_after(deadline);
    job->deadline.async_wait([job, deadline](const boost::system::error_code& cancelled) {
      if (!cancelled) {
        job->Answer(Fail(Code::kTimeout, "it took longer than " + api::FormatDuration(deadline)));
      }
    });
  };
  pool([this, job, begun, ended = std::move(ended)] {
    asio::post(io_, begun);
    const OutsideResult result = Guarded(job->work);
    asio::post(io_, [job, ended, result] {
      job->Answer(result);
      ended();
    });
  });
}

void GitEffects::LookUp(const std::string& mirror, Work work, Done done) {
  const auto job = std::make_shared<Job>(io_, std::move(work), std::move(done));
  const auto [waiting, first] = looking_.try_emplace(mirror);
  if (first) {
    BeginLookUp(mirror, job);
  } else {
    waiting->second.push_back(job);
  }
}

void GitEffects::BeginLookUp(const std::string& mirror, const std::shared_ptr<Job>& job) {
  Run(look_up_, job, deadlines_.look_up, [this, mirror] {
    const auto waiting = looking_.find(mirror);
    if (waiting->second.empty()) {
      looking_.erase(waiting);
      return;
    }
    const auto next = std::move(waiting->second.front());
    waiting->second.pop_front();
    BeginLookUp(mirror, next);
  });
}

void GitEffects::Fetch(const std::string& ns, const runtime::FetchRepository& request, Done done) {
  const auto fetch = [this, ns, request, done](std::map<std::string, std::string> secret) {
    Work work = [this, ns, request, secret = std::move(secret)]() -> OutsideResult {
      SLIPWAY_TRY(mirror, mirrors_.Get(git::MirrorIdOf(ns, request.repository, request.uid)));
      return FetchFrom(*mirror, RequestOf(request.spec, secret));
    };
    Run(poll_, std::make_shared<Job>(io_, std::move(work), done),
        request.spec.timeout + deadlines_.beyond_timeout, [] {});
  };
  if (!request.spec.secret_ref) {
    return fetch({});
  }
  const std::string name = request.spec.secret_ref->name;
  client_.Get(
      {"v1", "secrets", ns, name}, [fetch, done, name](const Result<kube::ObjectText>& secret) {
        if (secret.has_value()) {
          return fetch(objects::SecretDataOf(*secret.value()));
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
    const std::string id = git::MirrorIdOf(ns, repository, uid);
    LookUp(
        id,
        [this, id, work]() -> OutsideResult {
          SLIPWAY_TRY(mirror, mirrors_.Get(id));
          return work(*mirror);
        },
        done);
  };
  std::visit(
      Overloaded{
          [&](const runtime::FetchRepository& fetch) { Fetch(ns, fetch, done); },
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
            in_mirror(unpin.repository, unpin.uid, [unpin](git::Mirror& mirror) -> OutsideResult {
              SLIPWAY_TRYV(mirror.Unpin(unpin.id));
              return OutsideValue();
            });
          },
          [&](const runtime::ListServers&) { done(Fail(Code::kInternal, "git knows no servers")); },
          [&](const runtime::CompleteLaunch&) {
            done(Fail(Code::kInternal, "git knows no servers"));
          }},
      request);
}

}  // namespace slipway::app
