#include "src/cloud/aws/credentials/config_file.hpp"

#include <algorithm>
#include <utility>

#include "src/cloud/text.hpp"
#include "src/process/small_file.hpp"

namespace slipway::cloud::aws {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

bool IsControl(char letter) {
  return (static_cast<unsigned char>(letter) < 0x20 && letter != '\t') || letter == 0x7f;
}

/// The profile that a section of the config file is for; empty where it is for something else, such as an sso-session.
std::string ProfileOf(std::string_view section) {
  constexpr std::string_view kWord = "profile";
  if (section == "default") {
    return "default";
  }
  if (!section.starts_with(kWord) || section.size() == kWord.size() ||
      kBlanks.find(section[kWord.size()]) == std::string_view::npos) {
    return "";
  }
  std::string_view name = Trimmed(section.substr(kWord.size()));
  const bool quoted = name.size() > 2 && (name.front() == '"' || name.front() == '\'') &&
                      name.back() == name.front();
  if (quoted) {
    name = name.substr(1, name.size() - 2);
  }
  // botocore leaves out a name of several words without quotes; so no other tool can have been using it.
  return quoted || name.find_first_of(kBlanks) == std::string_view::npos ? std::string(name) : "";
}

/// Takes one line after the other.
class Reader {
 public:
  explicit Reader(FileKind kind) : kind_(kind) {}

  /// What is wrong with the line; empty where nothing is.
  std::string Take(std::string_view line) {
    if (std::any_of(line.begin(), line.end(), IsControl)) {
      return "there is a control character";
    }
    const std::string_view text = Trimmed(line);
    if (text.empty() || text.front() == '#' || text.front() == ';') {
      return "";
    }
    const std::size_t indent = line.find_first_not_of(kBlanks);
    if (in_setting_ && indent > indent_) {
      return "";
    }
    indent_ = indent;
    return text.front() == '[' ? TakeSection(text) : TakeSetting(text);
  }

  Profiles profiles;

 private:
  std::string TakeSection(std::string_view text) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) {
      return "a [section] has no ]";
    }
    const std::string_view after = Trimmed(text.substr(end + 1));
    if (!after.empty() && after.front() != '#' && after.front() != ';') {
      return "there is something after the ] of a [section]: begin a new line";
    }
    const std::string_view name = Trimmed(text.substr(1, end - 1));
    in_section_ = true;
    in_setting_ = false;
    profile_ = kind_ == FileKind::kConfig ? ProfileOf(name) : std::string(name);
    if (!profile_.empty()) {
      profiles[profile_];
    }
    return "";
  }

  std::string TakeSetting(std::string_view text) {
    const std::size_t mark = text.find_first_of("=:");
    if (mark == std::string_view::npos || mark == 0) {
      return "this is neither [profile NAME] nor name = value";
    }
    if (!in_section_) {
      return "a setting comes before the first [section]";
    }
    in_setting_ = true;
    if (!profile_.empty()) {
      profiles[profile_][LowerCase(Trimmed(text.substr(0, mark)))] =
          std::string(Trimmed(text.substr(mark + 1)));
    }
    return "";
  }

  const FileKind kind_;
  bool in_section_ = false;
  bool in_setting_ = false;
  std::size_t indent_ = 0;  ///< of the last section or setting
  std::string profile_;     ///< empty: one that is left out
};

}  // namespace

Result<Profiles> ParseProfiles(std::string_view text, FileKind kind) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) {
    text.remove_prefix(kByteOrderMark.size());
  }
  Reader reader(kind);
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line = line.substr(0, line.find_last_not_of('\r') + 1);
    const std::string wrong = reader.Take(line);
    if (!wrong.empty()) {
      return Fail(Code::kInvalid, "line " + std::to_string(number) + ": " + wrong);
    }
  }
  return std::move(reader.profiles);
}

Result<std::optional<Profiles>> ReadProfiles(const std::string& path, FileKind kind) {
  const auto text = process::ReadSmallFile(path, kMaxConfigFileBytes);
  if (!text.has_value()) {
    if (text.error().code == Code::kNotFound) {
      return std::optional<Profiles>();
    }
    return text.error();
  }
  auto profiles = ParseProfiles(text.value(), kind);
  if (!profiles.has_value()) {
    return Fail(profiles.error().code, path + ", " + profiles.error().message);
  }
  return std::optional(std::move(profiles.value()));
}

}  // namespace slipway::cloud::aws
