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
  for (const Object& object : list_.items) {
    bytes_ += object.size();
  }
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

Result<void> ListText::AppendItem(std::size_t index, std::string& text) const {
  const Object& object = list_.items[index];
  text.append(index == 0 ? "" : ",");
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
  while (next_ < list_.items.size() && text.size() < kPieceBytes) {
    SLIPWAY_TRYV(AppendItem(next_, text));
    bytes_ -= list_.items[next_].size();
    list_.items[next_] = Object(nullptr, 0);
    ++next_;
  }
  if (next_ == list_.items.size()) {
    text += kEnd;
    stage_ = Stage::kDone;
    list_.items = {};
  }
  return text;
}

}  // namespace slipway::apiserver
