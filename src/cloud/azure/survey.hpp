#pragma once

#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <vector>

#include "reconciler/api/fleet.hpp"
#include "reconciler/base/result.hpp"
#include "src/cloud/azure/arm_reader.hpp"
#include "src/cloud/azure/machines.hpp"

namespace slipway::cloud::azure {

/// Finds the machines of one subscription that the fields of a Fleet fit, with what they do and their addresses. Lists are asked for
/// first, because they cost few calls; what they lack, because it came or went meanwhile, or may not be listed, is asked for one by one.
/// So nothing is guessed: a machine that Azure says is gone is left out, and anything else that is missing is an error.
/// Used once, by one thread.
class Survey {
 public:
  /// Both outlive it.
  Survey(ArmReader& arm, const api::AzureProvider& provider, std::string subscription);

  /// Blocking. Reasons: those of ArmReader.
  Result<void> Run();

  /// Moves them out.
  std::vector<runtime::ListedServer> TakeServers();

  /// The resource groups that the subscription does not have, and Azure's words about that.
  const std::map<std::string, Error>& absent_groups() const { return absent_groups_; }

 private:
  /// Of what kind the objects are that addresses are read from.
  struct Kind {
    const char* type;         ///< alone
    const char* type_of_set;  ///< of instances of a Uniform scale set
  };
  /// Reads an object, whose id is given in lower case.
  using ReadPart = std::function<Result<void>(const std::string& id, const nlohmann::json&)>;

  Result<void> FindMachines(const std::string& scope);
  Result<void> FindInstances(const std::string& scope);
  Result<void> FindInstancesOf(const std::string& set);
  Result<void> Add(const nlohmann::json& described, const std::string& above);
  Result<void> FindStates();
  Result<void> ListCodes();
  Result<bool> FindState(Machine& machine);
  Result<void> FindAddresses();
  Result<void> LookUp(const Kind& kind, const std::set<std::string>& wanted, const ReadPart& read);
  std::string ListOf(const Kind& kind, const std::string& id) const;

  ArmReader& arm_;
  const api::AzureProvider& provider_;
  const std::string subscription_;
  std::map<std::string, Machine>
      machines_;  ///< by id in lower case: pages shift while they are read
  std::map<std::string, Error> absent_groups_;
};

/// A list that a survey begins with.
struct ListedKind {
  std::string permission;  ///< that it needs, such as Microsoft.Compute/virtualMachines/read
  std::string scope;       ///< a subscription or a resource group of it
  std::string group;       ///< the resource group, if it is one
  std::string path;        ///< with its query, both escaped
};

/// Those of one subscription. What is read of single scale sets needs more, and is not among them.
std::vector<ListedKind> KindsOf(const api::AzureProvider& provider,
                                const std::string& subscription);

}  // namespace slipway::cloud::azure
