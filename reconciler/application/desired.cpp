#include <algorithm>
#include <ranges>
#include <set>
#include <string>
#include <utility>

#include "reconciler/api/conditions.hpp"
#include "reconciler/api/repository_file.hpp"
#include "reconciler/application/desk.hpp"
#include "reconciler/rollout/cache_views.hpp"
#include "reconciler/rollout/intent.hpp"
#include "reconciler/rollout/release_hash.hpp"
#include "reconciler/runtime/effect.hpp"
#include "reconciler/source/git_repository_planner.hpp"

namespace slipway::application::steps {
namespace {

/// As many as spec.template.release.processes of a Rollout may hold.
constexpr std::size_t kMaxProcesses = 50;

std::string Short(const Commit& commit) { return commit.value.substr(0, 12); }

/// The mirror's answer to what we want to know now; asks where there is none.
const Revision* AnswerTo(Desk& desk, const RevisionQuery& query) {
  const Answer* answer = desk.snapshot.answer;
  if (answer == nullptr || answer->query != query) {
    desk.plan.actions.push_back(AskRevision{query});
    desk.problem = Problem{"Resolving", "Looks for the newest commit that concerns it.", true};
    return nullptr;
  }
  if (answer->revision.has_value()) {
    return &answer->revision.value();
  }
  const Error& error = answer->revision.error();
  const Duration delay = rollout::RetryDelay(answer->failures);
  if (answer->age >= delay) {
    desk.plan.actions.push_back(AskRevision{query});
  } else {
    WakeAfter(desk.plan, delay - answer->age);
  }
  desk.problem = Problem{runtime::ReasonOf(error), error.message};
  return nullptr;
}

/// slipway.yaml under the Application: where both say the same, the Application wins.
void Overlay(const api::RepositoryFile& file, api::RolloutTemplate& content) {
  if (content.gate && content.gate->suites.empty() && file.gate) {
    content.gate->suites = file.gate->suites;
  }
  if (!file.release) {
    return;
  }
  api::ReleaseTemplate& release = content.release;
  release.install = release.install ? release.install : file.release->install;
  release.test = release.test ? release.test : file.release->test;
  for (const api::Process& process : file.release->processes) {
    if (std::ranges::find(release.processes, process.name, &api::Process::name) ==
        release.processes.end()) {
      release.processes.push_back(process);
    }
  }
}

/// What would make servers fail before anything was tried; "" where there is nothing.
std::string FaultOf(const api::ReleaseTemplate& release) {
  if (release.processes.empty()) {
    return "neither the Application nor slipway.yaml names a process";
  }
  if (release.processes.size() > kMaxProcesses) {
    return "the Application and slipway.yaml together name " +
           std::to_string(release.processes.size()) + " processes, and " +
           std::to_string(kMaxProcesses) + " may be";
  }
  std::set<std::string> names;
  for (const api::Process& process : release.processes) {
    if (process.name.empty() || !names.insert(process.name).second) {
      return "each process needs a name of its own, and \"" + process.name + "\" is none";
    }
    if (process.run.empty() == process.service.empty()) {
      return "process " + process.name + " needs either run or service";
    }
  }
  return {};
}

/// The content of the release, or why there is none.
std::optional<api::RolloutTemplate> ContentOf(Desk& desk, const Revision& revision) {
  api::RolloutTemplate content{
      .source = desk.spec.source, .gate = desk.spec.gate, .release = desk.spec.release};
  if (!revision.manifest.empty()) {
    const auto file = api::Decode<api::RepositoryFile>(revision.manifest);
    if (!file.has_value()) {
      desk.problem = Problem{"RepositoryFileInvalid",
                             "slipway.yaml of " + Short(revision.commit) +
                                 " cannot be used, so nothing changes: " + file.error().message +
                                 ". Push a commit that mends it."};
      return std::nullopt;
    }
    Overlay(file.value(), content);
  }
  if (const std::string fault = FaultOf(content.release); !fault.empty()) {
    desk.problem =
        Problem{"ReleaseInvalid", "The release of " + Short(revision.commit) +
                                      " cannot be run, so nothing changes: " + fault + "."};
    return std::nullopt;
  }
  return content;
}

/// The commit that the repository followed to what it follows now; nullptr where there is none yet.
const api::Artifact* ArtifactOf(Desk& desk) {
  const api::GitRepository* repository = desk.snapshot.repository;
  if (repository == nullptr) {
    desk.problem =
        Problem{"RepositoryNotFound", "There is no GitRepository " + desk.spec.source.repository +
                                          " in this namespace: create it, or correct "
                                          "spec.source.repository."};
    return nullptr;
  }
  const auto& artifact = repository->status.artifact;
  // After a change of what it follows, the old artifact says nothing about the new reference.
  if (!artifact || source::RefOf(*artifact) != source::RefOf(repository->spec.ref)) {
    const api::Condition* ready = api::FindCondition(repository->status.conditions, "Ready");
    desk.problem = Problem{"RepositoryNotReady",
                           "GitRepository " + desk.spec.source.repository + " has no commit yet" +
                               (ready != nullptr ? ": " + ready->message : "."),
                           true};
    return nullptr;
  }
  return &*artifact;
}

/// What a reference brought last, from which the next must descend.
struct Before {
  Commit commit;  ///< empty: nothing, so anything may come
  const api::Rollout* rollout =
      nullptr;  ///< that brings it and may still be promoted; nullptr: it was promoted
};

/// Descent is measured from what this very reference brought last: what is under way counts, because it may be promoted before
/// the next begins; once it has ended badly it counts no more. To accept rewritten history on purpose, somebody follows
/// something else: a pinned commit, for one.
Before WhatCameBefore(const Desk& desk, const std::string& ref) {
  for (const api::Rollout* rollout : desk.snapshot.rollouts | std::views::reverse) {
    if (!rollout::HasEnded(rollout->status.phase) && rollout->spec.release.ref == ref) {
      return {.commit = rollout->spec.release.commit, .rollout = rollout};
    }
  }
  const auto& promoted = desk.status.promoted;
  return {.commit = promoted && promoted->ref == ref ? promoted->commit : Commit()};
}

Problem NotDescendant(const std::string& ref, const Commit& head, const Before& before) {
  const std::string what = ref + " is now at " + Short(head) + ", which does not descend from " +
                           Short(before.commit) + ", ";
  if (before.rollout != nullptr) {
    const std::string& name = before.rollout->metadata.name;
    return {"NotDescendant", what + "the commit of it that " + name + " brings; it waits until " +
                                 name +
                                 " has ended, and begins where that was not promoted. `slipway "
                                 "rollout abort` ends it at once."};
  }
  return {"NotDescendant",
          what +
              "the last commit of it that was promoted; nothing changes. Push a commit that "
              "descends from it, or, to accept the rewritten history, set spec.ref.commit of the "
              "GitRepository to the new commit, and back once it is promoted."};
}

}  // namespace

void Resolve(Desk& desk) {
  const api::Artifact* artifact = ArtifactOf(desk);
  if (artifact == nullptr) {
    return;
  }
  const std::string ref = source::RefOf(*artifact);
  const Before before = WhatCameBefore(desk, ref);
  const Revision* revision = AnswerTo(desk, {.repository = desk.spec.source.repository,
                                             .head = artifact->commit,
                                             .path = desk.spec.source.path,
                                             .ancestor = before.commit});
  if (revision == nullptr) {
    return;
  }
  if (!revision->descends) {
    desk.problem = NotDescendant(ref, artifact->commit, before);
    return;
  }
  std::optional<api::RolloutTemplate> content = ContentOf(desk, *revision);
  if (!content) {
    return;
  }
  const ReleaseHash hash = rollout::HashRelease(content->release, desk.spec.source.path);
  desk.status.source = api::ResolvedSource{.head = artifact->commit,
                                           .commit = revision->commit,
                                           .tree = revision->tree,
                                           .author = revision->author,
                                           .subject = revision->subject};
  desk.status.target = api::Target{.commit = revision->commit, .hash = hash};
  desk.desired = Desired{.release = {.commit = revision->commit,
                                     .tree = revision->tree,
                                     .hash = hash,
                                     .author = revision->author,
                                     .subject = revision->subject,
                                     .ref = ref},
                         .content = std::move(*content)};
}

}  // namespace slipway::application::steps
