#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "src/garbage/owner_graph.hpp"

// What is to be done about one object: the rules of kube-controller-manager's garbage collector. Pure.
namespace slipway::garbage {

/// How an owner that is named stands now.
enum class Standing : std::uint8_t {
  kAlive,
  kAbsent,    ///< there is none, or another one of its name
  kMakesWay,  ///< it is deleted in the foreground, and waits for its dependents
  kUnknown,  ///< nobody can tell: its kind is not served, or it has a namespace and the dependent has none
};

/// Of an owner of the object at `dependent`. Errors: it cannot be read now.
using LookUp = std::function<Result<Standing>(const Owner& owner, const Place& dependent)>;

/// One write. It holds for this uid and revision of the object alone.
struct Step {
  Place place;
  std::string uid;
  store::Revision revision = 0;

  /// A merge patch; empty: the object is deleted.
  std::string patch{};
  std::optional<objects::DeleteRequest::Propagation> propagation{};  ///< of a deletion
};

/// What is to be done now about `node`, which `graph` holds; nothing while it must wait. What comes of it changes the graph,
/// and what is to be done after that is another verdict. Errors as `look_up`.
Result<std::vector<Step>> Judge(const OwnerGraph& graph, const Node& node, const LookUp& look_up);

/// How `owner` of a dependent stands, seen as it is: nullptr where there is none.
Standing StandingOf(const Node* found, const Owner& owner);

}  // namespace slipway::garbage
