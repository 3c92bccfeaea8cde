#include "tests/sim/git.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "reconciler/base/assert.hpp"

namespace slipway::sim {
namespace {

constexpr std::array<std::pair<Behaviour, const char*>, 9> kNames = {{
    {Behaviour::kGood, "good"},
    {Behaviour::kBadSuite, "bad-suite"},
    {Behaviour::kBadInstall, "bad-install"},
    {Behaviour::kBadOnServers, "bad-on-servers"},
    {Behaviour::kUnhealthy, "unhealthy"},
    {Behaviour::kExits, "exits"},
    {Behaviour::kBadOnOne, "bad-on-one"},
    {Behaviour::kSickLater, "sick-later"},
    {Behaviour::kEmpty, "empty"},
}};

std::string Hex(const char* format, int number) {
  std::array<char, 48> buffer{};
  std::snprintf(buffer.data(), buffer.size(), format, number);
  return buffer.data();
}

Error Trouble(const std::string& reason) {
  return Error{.code = Code::kUnavailable,
               .message = "the remote says: " + reason,
               .causes = {{.field = "", .message = reason, .reason = reason}}};
}

}  // namespace

const char* ToString(Behaviour behaviour) {
  const auto found = std::find_if(kNames.begin(), kNames.end(),
                                  [&](const auto& entry) { return entry.first == behaviour; });
  return found->second;
}

Behaviour BehaviourNamed(const std::string& name) {
  const auto found = std::find_if(kNames.begin(), kNames.end(),
                                  [&](const auto& entry) { return entry.second == name; });
  SLIPWAY_ASSERT(found != kNames.end(), "no behaviour " + name);
  return found->first;
}

const CommitInfo& FakeGit::Push(const std::string& repository, Behaviour behaviour, bool force) {
  ++made_;
  CommitInfo commit{.id = Commit(Hex("%039xc", made_)),
                    .tree = Tree(Hex("%039xe", made_)),
                    .parent = heads_[repository],
                    .behaviour = behaviour};
  if (force) {
    const CommitInfo* head = Find(commit.parent);
    commit.parent = head == nullptr ? Commit() : head->parent;
  }
  heads_[repository] = commit.id;
  return commits_[commit.id.value] = commit;
}

void FakeGit::Rewind(const std::string& repository) {
  const CommitInfo* head = Find(heads_[repository]);
  if (head != nullptr && !head->parent.empty()) {
    heads_[repository] = head->parent;
  }
}

Commit FakeGit::Head(const std::string& repository) const {
  const auto found = heads_.find(repository);
  return found == heads_.end() ? Commit() : found->second;
}

const CommitInfo* FakeGit::Find(const Commit& commit) const {
  const auto found = commits_.find(commit.value);
  return found == commits_.end() ? nullptr : &found->second;
}

bool FakeGit::IsPinned(const Commit& commit) const {
  return std::any_of(pins_.begin(), pins_.end(),
                     [&](const auto& pin) { return pin.second == commit; });
}

bool FakeGit::Descends(const Commit& commit, const Commit& ancestor) const {
  for (const CommitInfo* at = Find(commit); at != nullptr; at = Find(at->parent)) {
    if (at->id == ancestor) {
      return true;
    }
  }
  return false;
}

runtime::OutsideResult FakeGit::Fetch(const runtime::FetchRepository& request) const {
  const CommitInfo* head = reachable ? Find(Head(request.repository)) : nullptr;
  if (head == nullptr) {
    return Trouble(reachable ? "RefNotFound" : "Unreachable");
  }
  return runtime::OutsideValue(
      runtime::FetchedRevision{.commit = head->id,
                               .author = "Ada",
                               .subject = std::string("makes it ") + ToString(head->behaviour),
                               .empty = head->behaviour == Behaviour::kEmpty});
}

runtime::OutsideResult FakeGit::Resolve(const runtime::ResolveRevision& request) const {
  const CommitInfo* head = Find(request.head);
  if (head == nullptr) {
    return Trouble("RefNotFound");
  }
  return runtime::OutsideValue(runtime::ResolvedRevision{
      .commit = head->id,
      .tree = head->tree,
      .author = "Ada",
      .subject = std::string("makes it ") + ToString(head->behaviour),
      .descends = request.ancestor.empty() || Descends(head->id, request.ancestor),
      .manifest = ""});
}

runtime::OutsideResult FakeGit::Execute(const runtime::OutsideRequest& request) {
  if (const auto* fetch = std::get_if<runtime::FetchRepository>(&request)) {
    return Fetch(*fetch);
  }
  if (const auto* resolve = std::get_if<runtime::ResolveRevision>(&request)) {
    return Resolve(*resolve);
  }
  if (const auto* pin = std::get_if<runtime::Pin>(&request)) {
    if (Find(pin->commit) == nullptr) {
      return Trouble("RefNotFound");
    }
    pins_[pin->uid.value + "/" + pin->id] = pin->commit;
  } else if (const auto* unpin = std::get_if<runtime::Unpin>(&request)) {
    pins_.erase(unpin->uid.value + "/" + unpin->id);
  }
  return runtime::OutsideValue();
}

}  // namespace slipway::sim
