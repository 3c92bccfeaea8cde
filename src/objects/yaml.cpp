#include "src/objects/yaml.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string>

#include "reconciler/base/json.hpp"
#include "src/objects/json_text.hpp"
#include "src/objects/yaml_scalar.hpp"

namespace slipway::objects {
namespace {

/// Text of all scalars together, aliases followed.
constexpr std::size_t kMaxYamlText = 3 << 20;

[[noreturn]] void Refuse(const YAML::Mark& mark, const std::string& message) {
  throw YAML::ParserException(mark, message);
}

/// Builds the tree of one document from the parser's events. Throws YAML::ParserException on what
/// is not accepted.
class TreeBuilder : public YAML::EventHandler {
 public:
  std::optional<Json> TakeTree() { return std::exchange(root_, std::nullopt); }

  void OnDocumentStart(const YAML::Mark&) override { anchors_.clear(); }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Scalar(mark, anchor, nullptr, "");
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      Refuse(mark, "the alias stands inside of what it stands for");
    }
    Spend(mark, found->second.nodes, found->second.text);
    if (ExpectsKey()) {
      Refuse(mark, "an alias cannot be a key");
    }
    if (frames_.size() + found->second.depth > kMaxDepth) {
      Refuse(mark, "the document is nested deeper than " + std::to_string(kMaxDepth) + " levels");
    }
    Deepen(found->second.depth + 1);
    Add(mark, found->second.tree);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Scalar(mark, anchor, Resolve(mark, tag, value), value, tag == "?");
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(mark, tag, "tag:yaml.org,2002:seq", anchor, Json::array());
  }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(mark, tag, "tag:yaml.org,2002:map", anchor, Json::object());
  }

  void OnSequenceEnd() override { Close(); }

  void OnMapEnd() override {
    Frame& frame = frames_.back();
    for (const Json& merged : frame.merged) {
      for (const auto& [key, value] : merged.items()) {
        if (!frame.tree.contains(key)) {
          frame.tree[key] = value;
        }
      }
    }
    Close();
  }

 private:
  struct Frame {
    YAML::Mark mark;
    Json tree;
    YAML::anchor_t anchor;
    std::size_t nodes_before;
    std::size_t text_before;
    std::size_t depth = 1;           ///< levels of the deepest branch, this one included
    std::optional<std::string> key;  ///< of the value that comes next
    bool merges = false;             ///< the key is <<
    std::vector<Json> merged;        ///< maps that << brought, first one first
  };

  struct Anchored {
    Json tree;
    std::size_t nodes;
    std::size_t text;
    std::size_t depth;
  };

  static Json Resolve(const YAML::Mark& mark, const std::string& tag, const std::string& value) {
    if (tag == "!" || tag == "tag:yaml.org,2002:str") {
      return value;
    }
    const Json resolved = ResolvePlainScalar(value);
    if (resolved.is_discarded()) {
      Refuse(mark, "JSON has no value " + value);
    }
    const bool fits = tag == "?" || tag.empty() ||
                      (tag == "tag:yaml.org,2002:null" && resolved.is_null()) ||
                      (tag == "tag:yaml.org,2002:bool" && resolved.is_boolean()) ||
                      (tag == "tag:yaml.org,2002:int" && resolved.is_number_integer()) ||
                      (tag == "tag:yaml.org,2002:float" && resolved.is_number());
    if (!fits) {
      Refuse(mark, "the tag " + tag + " is not accepted here");
    }
    return resolved;
  }

  void Spend(const YAML::Mark& mark, std::size_t nodes, std::size_t text) {
    nodes_ += nodes;
    text_ += text;
    if (nodes_ > kMaxYamlNodes || text_ > kMaxYamlText) {
      Refuse(mark, "the document grows too large: at most " + std::to_string(kMaxYamlNodes) +
                       " values and " + std::to_string(kMaxYamlText) +
                       " bytes of text, aliases followed");
    }
  }

  bool ExpectsKey() const {
    return !frames_.empty() && frames_.back().tree.is_object() && !frames_.back().key;
  }

  void Scalar(const YAML::Mark& mark, YAML::anchor_t anchor, Json value, const std::string& text,
              bool plain = false) {
    Spend(mark, 1, text.size());
    if (anchor != YAML::NullAnchor) {
      anchors_[anchor] = {value, 1, text.size(), 0};
    }
    if (!ExpectsKey()) {
      Add(mark, std::move(value));
      return;
    }
    Frame& frame = frames_.back();
    frame.merges = plain && text == "<<";
    frame.key = value.is_string() ? value.get<std::string>() : PrintJson(value);
    if (!frame.merges && frame.tree.contains(*frame.key)) {
      Refuse(mark, "the key " + *frame.key + " is there twice");
    }
  }

  void Open(const YAML::Mark& mark, const std::string& tag, const char* own_tag,
            YAML::anchor_t anchor, Json tree) {
    if (tag != "?" && tag != "!" && !tag.empty() && tag != own_tag) {
      Refuse(mark, "the tag " + tag + " is not accepted here");
    }
    if (ExpectsKey()) {
      Refuse(mark, "a key must be text, not a list or a map");
    }
    if (frames_.size() >= kMaxDepth) {
      Refuse(mark, "the document is nested deeper than " + std::to_string(kMaxDepth) + " levels");
    }
    Spend(mark, 1, 0);
    frames_.push_back({.mark = mark,
                       .tree = std::move(tree),
                       .anchor = anchor,
                       .nodes_before = nodes_ - 1,
                       .text_before = text_,
                       .key = std::nullopt,
                       .merged = {}});
  }

  void Close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    if (frame.anchor != YAML::NullAnchor) {
      const std::size_t nodes = nodes_ - frame.nodes_before;
      const std::size_t text = text_ - frame.text_before;
      Spend(frame.mark, nodes, text);  // the copy that is kept
      anchors_[frame.anchor] = {frame.tree, nodes, text, frame.depth};
    }
    Deepen(frame.depth + 1);
    Add(frame.mark, std::move(frame.tree));
  }

  /// Something of that many levels came into the innermost frame, its own level included.
  void Deepen(std::size_t depth) {
    if (!frames_.empty()) {
      frames_.back().depth = std::max(frames_.back().depth, depth);
    }
  }

  void Add(const YAML::Mark& mark, Json value) {
    if (frames_.empty()) {
      root_ = std::move(value);
      return;
    }
    Frame& frame = frames_.back();
    if (frame.tree.is_array()) {
      frame.tree.push_back(std::move(value));
      return;
    }
    const std::string key = *std::exchange(frame.key, std::nullopt);
    if (frame.merges) {
      Merge(mark, frame, std::move(value));
    } else {
      frame.tree[key] = std::move(value);
    }
  }

  static void Merge(const YAML::Mark& mark, Frame& frame, Json value) {
    const Json sources = value.is_array() ? std::move(value) : Json::array({std::move(value)});
    for (const Json& source : sources) {
      if (!source.is_object()) {
        Refuse(mark, "<< needs a map or a list of maps");
      }
      frame.merged.push_back(source);
    }
  }

  std::optional<Json> root_;
  std::vector<Frame> frames_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  std::size_t nodes_ = 0;
  std::size_t text_ = 0;
};

bool IsText(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) {
    return false;
  }
  try {
    return !Json(text).dump().empty();  // throws on bytes that are no UTF-8
  } catch (const Json::exception&) {
    return false;
  }
}

}  // namespace

Result<std::vector<Json>> ParseYaml(std::string_view text, std::size_t max_bytes) {
  if (text.size() > max_bytes) {
    return Fail(Code::kBadRequest, "the text has " + std::to_string(text.size()) + " bytes, and " +
                                       std::to_string(max_bytes) + " is the limit");
  }
  if (!IsText(text)) {
    return Fail(Code::kBadRequest, "the text is not UTF-8");
  }
  std::vector<Json> documents;
  TreeBuilder builder;
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
      std::optional<Json> tree = builder.TakeTree();
      if (tree && !tree->is_null()) {
        documents.push_back(std::move(*tree));
      }
    }
  } catch (const YAML::Exception& error) {
    return Fail(Code::kBadRequest, "line " + std::to_string(error.mark.line + 1) + ", column " +
                                       std::to_string(error.mark.column + 1) + ": " + error.msg);
  }
  return documents;
}

}  // namespace slipway::objects
