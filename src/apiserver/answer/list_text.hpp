#pragma once

#include <cstddef>
#include <string>

#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"
#include "src/apiserver/answer/presentation.hpp"

namespace slipway::apiserver {

/// A page of a list as text, made piece by piece: the objects of a large one are in memory already, and its text need not be. For
/// one thread at a time.
class ListText {
 public:
  ListText(const objects::KindInfo& kind, ObjectList list, Form form, Time now);

  /// Some hundred KiB more, whole items. Empty: that was all. Lets go of the objects that it has shown.
  Result<std::string> Next();

  /// Nothing is left to be shown.
  bool done() const { return stage_ == Stage::kDone; }

  /// Bytes of the objects that are left.
  std::size_t bytes() const { return bytes_; }

 private:
  enum class Stage : std::uint8_t { kHead, kItems, kDone };

  std::string Head() const;
  Result<void> AppendItem(std::size_t index, std::string& text) const;

  const objects::KindInfo& kind_;
  ObjectList list_;
  Form form_;
  Time now_;
  Stage stage_ = Stage::kHead;
  std::size_t next_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace slipway::apiserver
