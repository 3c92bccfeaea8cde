#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::objects {

/// A path is at most about this long in a message; what a client sends may have keys of any length.
inline constexpr std::size_t kMaxPathBytes = 1024;

/// Fields of one document that are reported as unknown, or as there twice.
inline constexpr std::size_t kMaxReportedFields = 100;

/// The first `bytes` of a text, at most; never half of a UTF-8 character.
std::string FirstBytes(std::string text, std::size_t bytes);

/// The first `bytes` of a text, at most, with "…" where something is left out. Never half of a
/// UTF-8 character.
std::string Shortened(std::string text, std::size_t bytes);

/// Where in a document something is, written `spec.strategy.waves[1].upTo` or
/// `metadata.labels[slipway.dev/fleet]`.
class FieldPath {
 public:
  /// Steps into a field or an item for as long as it lives. `key` must live as long.
  class Scope {
   public:
    Scope(FieldPath& path, std::string_view key) : path_(path) {
      path_.steps_.push_back({key, 0, false});
    }
    Scope(FieldPath& path, std::size_t index) : path_(path) {
      path_.steps_.push_back({{}, index, true});
    }
    ~Scope() { path_.steps_.pop_back(); }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    FieldPath& path_;
  };

  /// "" for the document itself. Shortened to kMaxPathBytes.
  std::string Text() const;
  /// The same with every key behind a dot, `metadata.labels.slipway.dev/fleet`: so does Kubernetes
  /// name what a schema refuses.
  std::string Dotted() const;

 private:
  struct Step {
    std::string_view key;
    std::size_t index;
    bool is_index;
  };

  std::vector<Step> steps_;
};

}  // namespace slipway::objects
