#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <vector>

#include "reconciler/api/decode.hpp"
#include "reconciler/api/meta.hpp"
#include "reconciler/base/assert.hpp"
#include "reconciler/base/ids.hpp"
#include "reconciler/base/result.hpp"
#include "reconciler/runtime/kinds.hpp"

namespace slipway::runtime {

/// JSON text of one object, metadata.resourceVersion included. Shared with everybody who looks at
/// it; nobody changes it.
using Bytes = std::shared_ptr<const std::string>;

/// What planners read of an object beyond its header: made once, when the object arrives, so that a
/// plan over 100,000 objects parses none of them.
struct View {
  virtual ~View() = default;
};

/// The view of kinds of which there are few: the whole decoded object.
template <typename T>
struct Whole final : View {
  T value;
};

/// What a projector makes of an object's JSON.
struct Projection {
  api::ObjectMeta metadata;
  std::shared_ptr<const View> view;
};

/// Turns the JSON of one kind into what planners read. Pure; an Error when the text does not fit
/// the kind.
using Projector = Result<Projection> (*)(const std::string& json);

/// The projector that keeps everything.
template <typename T>
Result<Projection> ProjectWhole(const std::string& json) {
  SLIPWAY_TRY(value, api::Decode<T>(json));
  auto view = std::make_shared<Whole<T>>();
  view->value = std::move(value);
  Projection projection{.metadata = view->value.metadata};
  projection.view = std::move(view);
  return projection;
}

/// ProjectWhole() of the kind's own type.
Projector DefaultProjector(Kind kind);

/// One object as the cache holds it. Immutable; a change is another Object. What plans over all objects of a kind look at
/// comes first, so that it lies in one line of the processor's caches.
struct Object {
  std::shared_ptr<const View> view;  ///< nullptr: `problem` says why it cannot be read
  bool deleting = false;             ///< metadata.deletionTimestamp is set
  Key key;
  Uid uid;
  std::uint64_t version = 0;  ///< metadata.resourceVersion, as a number: ours are positive integers
  std::int64_t generation = 0;
  std::vector<std::string> finalizers;
  std::vector<api::OwnerReference> owners;
  std::map<std::string, std::string> labels;
  Bytes bytes;
  std::string problem;

  /// The view as the type that the kind's projector makes; nullptr where the object cannot be read.
  /// Asking for another type is a broken invariant.
  template <typename V>
  const V* ViewAs() const {
    static_assert(std::is_final_v<V>,
                  "so that its type says all, which costs less than a dynamic_cast");
    const View* any = view.get();
    const V* typed =
        any != nullptr && typeid(*any) == typeid(V) ? static_cast<const V*>(any) : nullptr;
    SLIPWAY_ASSERT(view == nullptr || typed != nullptr, "another view of " + ToString(key));
    return typed;
  }

  /// The decoded object, for kinds with the default projector; nullptr where it cannot be read.
  template <typename T>
  const T* As() const {
    const Whole<T>* whole = ViewAs<Whole<T>>();
    return whole == nullptr ? nullptr : &whole->value;
  }

  /// Parses the bytes: some 0.1 ms. For kinds whose view does not hold everything.
  template <typename T>
  Result<T> Parse() const {
    return api::Decode<T>(*bytes);
  }

  /// Whether `uid` is among the owners.
  bool IsOwnedBy(const Uid& owner) const;
};

using ObjectPtr = std::shared_ptr<const Object>;

/// Reads an object that arrived. Where `project` fails, the header is read alone and `problem` is
/// set. Code::kBadRequest where not even name, uid and resourceVersion can be read.
Result<ObjectPtr> ReadObject(Kind kind, Projector project, Bytes bytes);

/// The header alone, without any projector: enough to know which object of which version it is.
struct Header {
  Key key;
  Uid uid;
  std::uint64_t version = 0;
  std::int64_t generation = 0;
  api::ObjectMeta metadata;
};
/// Reads the header; Code::kBadRequest where the text has none.
Result<Header> ReadHeader(Kind kind, const std::string& json);

}  // namespace slipway::runtime
