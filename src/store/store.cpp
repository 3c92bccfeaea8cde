#include "src/store/store.hpp"

namespace slipway::store {
namespace {

bool SameBytes(const Value& left, const Value& right) {
  return left == right || (left && right && *left == *right);
}

}  // namespace

bool Entry::operator==(const Entry& other) const {
  return key == other.key && create_revision == other.create_revision &&
         revision == other.revision && SameBytes(value, other.value);
}

bool Event::operator==(const Event& other) const {
  return type == other.type && key == other.key && create_revision == other.create_revision &&
         revision == other.revision && previous_revision == other.previous_revision &&
         SameBytes(value, other.value) && SameBytes(previous_value, other.previous_value);
}

}  // namespace slipway::store
