#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "reconciler/api/application.hpp"
#include "reconciler/api/rollout.hpp"
#include "reconciler/api/server.hpp"
#include "reconciler/api/serverclaim.hpp"
#include "reconciler/api/testrun.hpp"
#include "src/agent/protocol.hpp"
#include "src/kube/object_client.hpp"

namespace slipway::gateway {

inline constexpr const char* kApiVersion =
    "slipway.dev/v1alpha1";  ///< of the kinds that the gateway reads and writes

/// "namespace/name" of an object.
std::string KeyOf(const api::ObjectMeta& metadata);

/// What the gateway knows of the objects that agents are told about, kept up to date by watches. One thread. A document that
/// cannot be decoded is logged, and what was known of the object before stays: it stops only itself.
class Catalog {
 public:
  explicit Catalog(std::string incarnation) : incarnation_(std::move(incarnation)) {}

  /// Starts the watches. Both must outlive the catalog.
  void Start(kube::ObjectClient& client);

  /// Whether each kind was seen whole once: before that nothing may be told to anybody.
  bool complete() const;

  const api::Server* FindServer(const std::string& key) const;
  const api::ServerClaim* FindClaim(const std::string& key) const;
  const api::TestRun* FindTestRun(const std::string& key) const;

  /// How many claims were made with this token and belong to no server yet. O(claims).
  std::size_t UnmatchedClaims(const std::string& ns, const std::string& token_id) const;

  /// Everything that is wanted of a server of this catalog now: its live intents, and its test runs that have not ended. A
  /// pointer to a rollout or application that is not there makes an intent inert.
  protocol::Assign AssignmentOf(const api::Server& server) const;

  /// The servers whose assignment may have changed, those that came or went, and those whose claims did, each once: at most so
  /// many of them.
  std::set<std::string> TakeChangedServers(std::size_t most);
  bool HasChanges() const { return !changed_.empty(); }

 private:
  /// The objects of one kind, by key.
  template <typename T>
  struct Kept final : kube::ObjectSink {
    Kept(Catalog& owner, const char* what) : catalog(owner), plural(what) {}
    void Replaced(const std::vector<kube::ObjectText>& objects,
                  const std::string& resource_version) override;
    void Expired() override {}  // What was known last is the best there is until the next list.
    void Changed(const kube::ObjectText& object) override;
    void Deleted(const kube::ObjectText& last) override;
    void Keep(T object);

    Catalog& catalog;
    const char* plural;
    bool complete = false;
    std::map<std::string, T> all;
    /// The version of the store in which the spec of each was seen first. Later versions are reports: an epoch that grew with
    /// them would make of each report the next assignment.
    std::map<std::string, std::int64_t> spec_versions;
    std::unique_ptr<kube::ObjectClient::Watching> watching;
  };

  void Touch(const api::Server& server);
  void Touch(const api::Rollout& rollout);
  void Touch(const api::Application& application);
  void Touch(const api::TestRun& run);
  void Touch(const api::ServerClaim& claim);
  void TouchServersOf(const std::string& ns, const std::string& application);

  std::string incarnation_;
  Kept<api::Server> servers_{*this, "servers"};
  Kept<api::Rollout> rollouts_{*this, "rollouts"};
  Kept<api::Application> applications_{*this, "applications"};
  Kept<api::TestRun> test_runs_{*this, "testruns"};
  Kept<api::ServerClaim> claims_{*this, "serverclaims"};
  std::set<std::string> changed_;
};

}  // namespace slipway::gateway
