#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "reconciler/runtime/effect.hpp"

namespace slipway::sim {

/// What a commit does when it is tried.
enum class Behaviour : std::uint8_t {
  kGood,
  kBadSuite,      ///< a test suite fails at the gate
  kBadInstall,    ///< install fails everywhere
  kBadOnServers,  ///< release.test fails on production servers
  kUnhealthy,     ///< never healthy in production
  kExits,         ///< its process ends at once in production
  kBadOnOne,      ///< never healthy on one server in four
  kSickLater,     ///< healthy for 20 s, then not any more
  kEmpty,         ///< a commit without files
};

/// "good", "bad-suite", …, as scenarios write it.
const char* ToString(Behaviour behaviour);
Behaviour BehaviourNamed(const std::string& name);

struct CommitInfo {
  Commit id;
  Tree tree;
  Commit parent;
  Behaviour behaviour = Behaviour::kGood;
};

/// All remote repositories and the mirrors of them. Pins are durable; everything else of a mirror
/// is found again by a fetch.
class FakeGit {
 public:
  /// A new head of the repository's main branch; on top of the old one, or, where `force`, beside
  /// it.
  const CommitInfo& Push(const std::string& repository, Behaviour behaviour, bool force = false);

  /// Takes the newest commit away: the head is its parent again.
  void Rewind(const std::string& repository);

  Commit Head(const std::string& repository) const;
  const CommitInfo* Find(const Commit& commit) const;

  /// Does what an outside effect asks for, at once and without faults.
  runtime::OutsideResult Execute(const runtime::OutsideRequest& request);

  /// Whether the mirror keeps this commit because of some pin.
  bool IsPinned(const Commit& commit) const;

  /// Whether `ancestor` is `commit` or comes before it.
  bool Descends(const Commit& commit, const Commit& ancestor) const;

  bool reachable = true;

 private:
  runtime::OutsideResult Fetch(const runtime::FetchRepository& request) const;
  runtime::OutsideResult Resolve(const runtime::ResolveRevision& request) const;

  std::map<std::string, CommitInfo> commits_;
  std::map<std::string, Commit> heads_;
  std::map<std::string, Commit> pins_;  ///< by mirror and id
  int made_ = 0;
};

}  // namespace slipway::sim
