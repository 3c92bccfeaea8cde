#include "src/apiserver/answer/list_text.hpp"

#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "reconciler/base/assert.hpp"
#include "reconciler/base/json.hpp"
#include "src/apiserver/registry/object_tree.hpp"
#include "src/objects/json_text.hpp"

namespace slipway::apiserver {
namespace {

using objects::Json;

constexpr std::size_t kPieceBytes = 512 << 10;
constexpr std::string_view kEnd = "]}";

/// Kubernetes shows custom resources otherwise than its own kinds: each item of a list says what it is, and
/// a token is there even where it is empty.
bool ItemsSayTheirKind(const objects::KindInfo& kind) {
  return kind.group.ends_with("slipway.dev");
}

Json MetadataOf(const ObjectList& list) {
  Json metadata = {{"resourceVersion", std::to_string(list.revision)}};
  if (!list.continue_token.empty()) {
    metadata["continue"] = list.continue_token;
  }
  if (list.remaining) {
    metadata["remainingItemCount"] = *list.remaining;
  }
  return metadata;
}

}  // namespace

ListText::ListText(const objects::KindInfo& kind, ObjectList list, Form form, Time now)
    : kind_(kind), list_(std::move(list)), form_(form), now_(now) {
  TakeItems(std::move(list_.items));
}

void ListText::TakeItems(std::vector<Object> items) {
  for (const Object& object : items) {
    bytes_ += object.size();
  }
  list_.items = std::move(items);
  next_ = 0;
}

/// All before the first item.
std::string ListText::Head() const {
  Json metadata = MetadataOf(list_);
  if (form_) {
    std::string text = PrintJson(objects::MakeTable(kind_, {}, metadata, *form_, now_));
    SLIPWAY_ASSERT(text.ends_with(R"("rows":[]})"), "the rows of a table come last");
    text.resize(text.size() - kEnd.size());
    return text;
  }
  if (ItemsSayTheirKind(kind_)) {
    metadata.emplace("continue", "");
  }
  return R"({"kind":")" + kind_.list_kind + R"(","apiVersion":")" + kind_.ApiVersion() +
         R"(","metadata":)" + PrintJson(metadata) + R"(,"items":[)";
}

Result<void> ListText::AppendItem(const Object& object, std::string& text) {
  text.append(std::exchange(is_first_, false) ? "" : ",");
  if (form_) {
    SLIPWAY_TRY(tree, ParseObject(object));
    text += PrintJson(objects::TableRow(kind_, tree, *form_, now_));
  } else if (ItemsSayTheirKind(kind_)) {
    object.AppendTo(text);
  } else {
    object.AppendItemTo(text);
  }
  return Ok();
}

Result<bool> ListText::HasNext() {
  if (next_ == list_.items.size() && list_.more) {
    SLIPWAY_TRY(further, list_.more());
    TakeItems(std::move(further));
  }
  return next_ < list_.items.size();
}

Result<std::string> ListText::Next() {
  std::string text;
  if (stage_ == Stage::kDone) {
    return text;
  }
  text.reserve(bytes_ < kPieceBytes ? bytes_ + bytes_ / 4 : kPieceBytes + kPieceBytes / 4);
  if (stage_ == Stage::kHead) {
    text = Head();
    stage_ = Stage::kItems;
  }
  while (text.size() < kPieceBytes) {
    SLIPWAY_TRY(has_next, HasNext());
    if (!has_next) {
      text += kEnd;
      stage_ = Stage::kDone;
      list_ = {};
      break;
    }
    Object& object = list_.items[next_++];
    SLIPWAY_TRYV(AppendItem(object, text));
    bytes_ -= object.size();
    object = Object(nullptr, 0);
  }
  return text;
}

}  // namespace slipway::apiserver
