#include "src/git/known_hosts.hpp"

#include <fnmatch.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <optional>
#include <sstream>
#include <vector>

namespace slipway::git {
namespace {

std::optional<std::string> FromBase64(const std::string& text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                             reinterpret_cast<const unsigned char*>(text.data()),
                             static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  // EVP_DecodeBlock counts the padding as bytes.
  std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  bytes.resize(static_cast<std::size_t>(size) - padding);
  return bytes;
}

/// "|1|salt|hash", both in base64: HMAC-SHA1 of the name under the salt.
bool MatchesHashed(const std::string& pattern, const std::string& name) {
  std::size_t bar = pattern.find('|', 3);
  if (!pattern.starts_with("|1|") || bar == std::string::npos) return false;
  auto salt = FromBase64(pattern.substr(3, bar - 3));
  auto want = FromBase64(pattern.substr(bar + 1));
  if (!salt || !want) return false;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  HMAC(EVP_sha1(), salt->data(), static_cast<int>(salt->size()),
       reinterpret_cast<const unsigned char*>(name.data()), name.size(), digest.data(), &size);
  return std::string_view(reinterpret_cast<char*>(digest.data()), size) == *want;
}

bool MatchesPatterns(const std::string& patterns, const std::string& name) {
  if (patterns.starts_with('|')) return MatchesHashed(patterns, name);
  bool matched = false;
  std::istringstream list(patterns);
  for (std::string pattern; std::getline(list, pattern, ',');) {
    bool negated = pattern.starts_with('!');
    if (negated) pattern.erase(0, 1);
    // The brackets of "[host]:2222" are letters here, not a set.
    std::string literal;
    for (char letter : pattern) {
      if (letter == '[' || letter == ']' || letter == '\\') literal += '\\';
      literal += letter;
    }
    if (::fnmatch(literal.c_str(), name.c_str(), FNM_CASEFOLD) != 0) continue;
    if (negated) return false;
    matched = true;
  }
  return matched;
}

}  // namespace

HostKeyVerdict CheckHostKey(std::string_view known_hosts, const std::string& host,
                            const std::string& port, std::string_view key) {
  const std::string name = port.empty() || port == "22" ? host : "[" + host + "]:" + port;
  HostKeyVerdict verdict = HostKeyVerdict::kUnknownHost;
  std::istringstream lines{std::string(known_hosts)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string marker;
    std::string patterns;
    std::string type;
    std::string blob;
    words >> patterns;
    if (patterns.empty() || patterns.starts_with('#')) continue;
    if (patterns.starts_with('@')) {
      marker = patterns;
      words >> patterns;
    }
    words >> type >> blob;
    if (!MatchesPatterns(patterns, name)) continue;
    bool same = FromBase64(blob) == key;
    if (marker == "@revoked" && same) return HostKeyVerdict::kRevoked;
    if (!marker.empty() || verdict == HostKeyVerdict::kKnown) continue;
    verdict = same ? HostKeyVerdict::kKnown : HostKeyVerdict::kOtherKey;
  }
  return verdict;
}

}  // namespace slipway::git
