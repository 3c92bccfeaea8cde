#include "src/store/bounds.hpp"

namespace slipway::store {

Result<void> CheckShape(const Write& write) {
  if (write.key.empty() || write.key.size() > kLongestKey ||
      write.key.find('\0') != std::string::npos || write.key.front() == '\xff') {
    return Fail(Code::kBadRequest, "a key has 1 to " + std::to_string(kLongestKey) +
                                       " bytes, without zero bytes; this one has " +
                                       std::to_string(write.key.size()));
  }
  const bool is_delete = write.kind == Write::Kind::kDelete;
  if (is_delete != (write.value == nullptr)) {
    return Fail(Code::kBadRequest,
                write.key + ": a deletion has no value, any other write has one");
  }
  if ((write.kind == Write::Kind::kCreate) != (write.expected == 0) || write.expected < 0) {
    return Fail(
        Code::kBadRequest,
        write.key + ": updates and deletions name the revision they change, creates do not");
  }
  if (write.value && write.value->size() > kLargestValue) {
    return Fail(Code::kTooLarge, write.key + ": the value has " +
                                     std::to_string(write.value->size()) + " bytes; the most is " +
                                     std::to_string(kLargestValue));
  }
  return Ok();
}

Result<void> CheckPrecondition(const Write& write, Revision latest) {
  if (write.kind == Write::Kind::kCreate) {
    if (latest != 0) return Fail(Code::kAlreadyExists, write.key + " already exists");
    return Ok();
  }
  if (latest == 0) return Fail(Code::kNotFound, write.key + " does not exist");
  if (latest != write.expected) {
    return Fail(Code::kConflict, write.key + " has revision " + std::to_string(latest) +
                                     ", not the expected " + std::to_string(write.expected) +
                                     ": read it again and apply the change to that");
  }
  return Ok();
}

Result<void> CheckRevision(Revision asked, Revision compacted, Revision current) {
  if (asked > current) {
    return Fail(Code::kTimeout, "Too large resource version: " + std::to_string(asked) +
                                    ", current: " + std::to_string(current));
  }
  if (asked < compacted) {
    return Fail(Code::kExpired, "too old resource version: " + std::to_string(asked) + " (" +
                                    std::to_string(compacted) + ")");
  }
  return Ok();
}

std::string PrefixEnd(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (prefix.empty()) return "\xff";
  prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

}  // namespace slipway::store
