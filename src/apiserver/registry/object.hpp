#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "src/store/store.hpp"

namespace slipway::apiserver {

/// One object as the API shows it: the bytes of the store, and the resourceVersion that belongs
/// into them. The bytes are shared by everybody who serves them. Cheap to copy, immutable,
/// thread-safe.
class Object {
 public:
  /// `value`: canonical JSON whose first three fields are apiVersion, kind and metadata, without a
  /// resourceVersion. Only the registry makes such bytes.
  Object(store::Value value, store::Revision revision)
      : value_(std::move(value)), revision_(revision) {}

  /// What the client reads as metadata.resourceVersion; 0: it was not stored, and has none.
  store::Revision revision() const { return revision_; }

  /// JSON text, its resourceVersion included.
  std::string Text() const;

  /// As Text, behind what `out` holds already.
  void AppendTo(std::string& out) const;

  /// As AppendTo, without apiVersion and kind: an item of a list that says both for all of them.
  void AppendItemTo(std::string& out) const;

  /// Bytes of Text, without the digits of the resourceVersion.
  std::size_t size() const { return value_->size(); }

  /// The bytes as they are stored.
  const store::Value& stored() const { return value_; }

 private:
  store::Value value_;
  store::Revision revision_;
};

}  // namespace slipway::apiserver
