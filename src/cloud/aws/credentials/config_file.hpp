#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "reconciler/base/result.hpp"

namespace slipway::cloud::aws {

/// Names, in lower case, and values of what a profile sets.
using Settings = std::map<std::string, std::string>;

/// Settings by the name of the profile.
using Profiles = std::map<std::string, Settings>;

/// The two files that the tools and SDKs of AWS share.
enum class FileKind : std::uint8_t {
  kConfig,       ///< profiles are [default] and [profile NAME]; what other sections say is left out
  kCredentials,  ///< profiles are [NAME]
};

/// A file with more bytes is refused.
inline constexpr std::size_t kMaxConfigFileBytes = std::size_t{1} << 20;

/// Reads such a file as the SDKs do: "name = value" or "name: value"; # and ; begin a comment at the start of a line only; lines that
/// are indented deeper than a setting belong to it and are left out; of a profile or setting that is there twice, the later value
/// counts. kInvalid with the number of the line that nobody can read, never with its text: a secret may stand there.
/// Source: botocore's configloader, and "Format of the config files" in the AWS SDKs and Tools Reference Guide.
Result<Profiles> ParseProfiles(std::string_view text, FileKind kind);

/// The same of a file; nullopt where there is none. kForbidden: it cannot be opened; kTooLarge; kInvalid, also for a folder. Messages
/// begin with the path.
Result<std::optional<Profiles>> ReadProfiles(const std::string& path, FileKind kind);

}  // namespace slipway::cloud::aws
