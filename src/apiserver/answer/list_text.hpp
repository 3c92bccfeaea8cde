#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"
#include "src/apiserver/answer/presentation.hpp"

namespace slipway::apiserver {

/// A page of a list as text, made piece by piece: neither the text of a large one is in memory as a whole, nor are its objects, where
/// they come piece by piece, too. For one thread at a time, which may have to wait for the disk.
class ListText {
 public:
  ListText(const objects::KindInfo& kind, ObjectList list, Form form, Time now);

  /// Some hundred KiB more, whole items. Empty: that was all. Lets go of the objects that it has shown. Errors are those of
  /// ObjectList::more, and where stored bytes are damaged.
  Result<std::string> Next();

  /// Nothing is left to be shown.
  bool done() const { return stage_ == Stage::kDone; }

  /// Bytes of the objects that are in memory yet.
  std::size_t bytes() const { return bytes_; }

 private:
  enum class Stage : std::uint8_t { kHead, kItems, kDone };

  std::string Head() const;
  Result<void> AppendItem(const Object& object, std::string& text);
  void TakeItems(std::vector<Object> items);
  /// Whether there is another item, in memory by now.
  Result<bool> HasNext();

  const objects::KindInfo& kind_;
  ObjectList list_;
  Form form_;
  Time now_;
  Stage stage_ = Stage::kHead;
  std::size_t next_ = 0;  ///< of the items in memory
  bool is_first_ = true;  ///< no item was shown yet
  std::size_t bytes_ = 0;
};

}  // namespace slipway::apiserver
