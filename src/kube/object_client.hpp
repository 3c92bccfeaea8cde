#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "reconciler/base/ids.hpp"
#include "reconciler/base/result.hpp"

namespace slipway::kube {

/// Which object: its kind by API version and plural, and its name.
struct ObjectName {
  std::string api_version;  ///< slipway.dev/v1alpha1, or v1
  std::string plural;       ///< servers
  std::string ns;           ///< empty for kinds without namespaces, and for "every namespace"
  std::string name;

  bool operator==(const ObjectName&) const = default;
};

/// JSON text of one object, metadata.resourceVersion included; shared by everybody who looks at it.
using ObjectText = std::shared_ptr<const std::string>;

/// What happens to the objects of one kind. Called on the client's thread, in order.
class ObjectSink {
 public:
  virtual ~ObjectSink() = default;

  /// Everything that there is, as of `resource_version`: the beginning, and again after each gap in the history.
  virtual void Replaced(const std::vector<ObjectText>& objects,
                        const std::string& resource_version) = 0;

  /// What follows is not known until the next Replaced.
  virtual void Expired() = 0;

  /// The object as it is after a change.
  virtual void Changed(const ObjectText& object) = 0;

  /// `last` carries the resourceVersion of the deletion.
  virtual void Deleted(const ObjectText& last) = 0;
};

/// The one door to objects for everything that is neither a person nor the API itself: controllers and gateway. The embedded
/// server's goes straight to its registry; an operator's would go to a Kubernetes API. All calls are made on one thread, which
/// also runs every callback, later, never inside the call. Each callback runs exactly once, except after the client was
/// destroyed.
class ObjectClient {
 public:
  using Done = std::function<void(Result<ObjectText>)>;

  /// Ends a watch when it is destroyed; the sink hears nothing more.
  class Watching {
   public:
    virtual ~Watching() = default;
  };

  virtual ~ObjectClient() = default;

  /// Reads the object as it is now; kNotFound where there is none.
  virtual void Get(const ObjectName& object, Done done) = 0;

  /// Creates the object that `json` is; metadata.name and namespace are in it.
  virtual void Create(const ObjectName& object, std::string json, Done done) = 0;

  /// Applies a JSON patch (RFC 6902) to the main resource. A failed `test` is kConflict.
  virtual void Patch(const ObjectName& object, std::string patch, Done done) = 0;

  /// Replaces the status. kConflict unless `resource_version` is the object's; empty: whatever it is.
  virtual void WriteStatus(const ObjectName& object, const Uid& uid,
                           const std::string& resource_version, std::string status_json,
                           Done done) = 0;

  /// Deletes; kConflict where the object has another uid. Success carries the object as it was, or as it waits for its
  /// finalizers.
  virtual void Delete(const ObjectName& object, const Uid& uid, Done done) = 0;

  /// Tells `sink` everything about one kind, in all namespaces, for as long as the result lives. Finds its way back by itself
  /// after an error or a gap.
  virtual std::unique_ptr<Watching> Watch(const std::string& api_version, const std::string& plural,
                                          ObjectSink& sink) = 0;
};

}  // namespace slipway::kube
