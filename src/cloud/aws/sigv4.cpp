#include "src/cloud/aws/sigv4.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reconciler/base/assert.hpp"
#include "reconciler/base/digest.hpp"
#include "src/cloud/text.hpp"

namespace slipway::cloud::aws {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::size_t kDateLength = 8;  ///< of 20150830T123600Z

std::string Hmac(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> code{};
  std::size_t size = 0;
  SLIPWAY_ASSERT(EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA256", nullptr, key.data(), key.size(),
                           reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                           code.data(), code.size(), &size) != nullptr,
                 "OpenSSL has no HMAC");
  return std::string(code.begin(), code.begin() + static_cast<std::ptrdiff_t>(size));
}

/// Such as 20150830T123600Z.
std::string Stamp(Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d%02u%02uT%02d%02d%02dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text.data();
}

int HexValue(char digit) {
  const auto at = std::string_view("0123456789abcdef").find(LowerCase({&digit, 1}));
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

/// A plus is a plus: we escape spaces as %20. What is no escape stays as it is.
std::string Unescape(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool escape = text[at] == '%' && at + 2 < text.size() && HexValue(text[at + 1]) >= 0 &&
                        HexValue(text[at + 2]) >= 0;
    if (escape) {
      plain += static_cast<char>(HexValue(text[at + 1]) * 16 + HexValue(text[at + 2]));
      at += 2;
    } else {
      plain += text[at];
    }
  }
  return plain;
}

std::vector<std::string_view> SplitAt(char mark, std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(mark, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

struct Target {
  std::string host;  ///< with its port, unless that is what the scheme stands for
  std::string_view path;
  std::string_view query;
};

Target TargetOf(std::string_view url) {
  const std::size_t mark = std::min(url.find("://"), url.size());
  const std::string scheme = LowerCase(url.substr(0, mark));
  std::string_view rest = url.substr(std::min(mark + 3, url.size()));
  rest = rest.substr(0, rest.find('#'));
  const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  Target target;
  target.host = LowerCase(rest.substr(0, end));
  for (const auto& [name, port] : {std::pair("http", ":80"), std::pair("https", ":443")}) {
    if (scheme == name && target.host.ends_with(port)) {
      target.host.erase(target.host.rfind(':'));
    }
  }
  rest.remove_prefix(end);
  const std::size_t question = std::min(rest.find('?'), rest.size());
  target.path = rest.substr(0, question);
  target.query = rest.substr(std::min(question + 1, rest.size()));
  return target;
}

/// Without dot segments and double slashes, and escaped once more than it is sent, as all services but S3 want it.
std::string CanonicalPath(std::string_view path) {
  std::vector<std::string_view> kept;
  for (const std::string_view part : SplitAt('/', path)) {
    if (part == ".." && !kept.empty()) {
      kept.pop_back();
    } else if (!part.empty() && part != "." && part != "..") {
      kept.push_back(part);
    }
  }
  std::string clean;
  for (const std::string_view part : kept) {
    clean += "/" + std::string(part);
  }
  if (clean.empty() || path.ends_with('/')) {
    clean += '/';
  }
  return Escape(clean, "/");
}

/// AWS unescapes what it gets and escapes it in its own way before it sorts, so the same is done here.
std::string CanonicalQuery(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const std::string_view part : SplitAt('&', query)) {
    if (!part.empty()) {
      const std::size_t mark = std::min(part.find('='), part.size());
      pairs.emplace_back(Escape(Unescape(part.substr(0, mark))),
                         Escape(Unescape(part.substr(std::min(mark + 1, part.size())))));
    }
  }
  std::sort(pairs.begin(), pairs.end());
  std::string text;
  for (const auto& [name, value] : pairs) {
    text += (text.empty() ? "" : "&") + name + "=" + value;
  }
  return text;
}

/// Without space around it, and one blank for each space within.
std::string CanonicalValue(std::string_view value) {
  std::string text;
  bool space = false;
  for (const char letter : value) {
    if (std::string_view(" \t\r\n").find(letter) != std::string_view::npos) {
      space = true;
      continue;
    }
    text += space && !text.empty() ? " " : "";
    text += letter;
    space = false;
  }
  return text;
}

/// Sets a header and removes what stands under other spellings of its name.
void SetHeader(rest::Request& request, const std::string& name, const std::string& value) {
  std::erase_if(request.headers,
                [&](const auto& header) { return LowerCase(header.first) == LowerCase(name); });
  if (!value.empty()) {
    request.headers[name] = value;
  }
}

struct Canonical {
  std::string request;
  std::string signed_headers;  ///< their names
};

Canonical CanonicalOf(const rest::Request& request) {
  const Target target = TargetOf(request.url);
  std::map<std::string, std::string> headers;
  for (const auto& [name, value] : request.headers) {
    const auto [at, added] = headers.try_emplace(LowerCase(name), CanonicalValue(value));
    if (!added) {
      at->second += "," + CanonicalValue(value);
    }
  }
  headers["host"] = target.host;
  Canonical canonical;
  canonical.request = request.method + "\n" + CanonicalPath(target.path) + "\n" +
                      CanonicalQuery(target.query) + "\n";
  for (const auto& [name, value] : headers) {
    canonical.request += name + ":" + value + "\n";
    canonical.signed_headers += (canonical.signed_headers.empty() ? "" : ";") + name;
  }
  canonical.request += "\n" + canonical.signed_headers + "\n" + Sha256Hex(request.body);
  return canonical;
}

}  // namespace

void Sign(rest::Request& request, const Credentials& credentials, const SigningScope& scope) {
  const std::string stamp = Stamp(scope.time);
  const std::string date = stamp.substr(0, kDateLength);
  SetHeader(request, "Authorization", "");
  SetHeader(request, "x-amz-date", stamp);
  SetHeader(request, "x-amz-security-token", credentials.session_token);
  const Canonical canonical = CanonicalOf(request);
  const std::string place = date + "/" + scope.region + "/" + scope.service + "/aws4_request";
  const std::string text =
      std::string(kAlgorithm) + "\n" + stamp + "\n" + place + "\n" + Sha256Hex(canonical.request);
  const std::string key =
      Hmac(Hmac(Hmac(Hmac("AWS4" + credentials.secret, date), scope.region), scope.service),
           "aws4_request");
  const std::string code = Hmac(key, text);
  SetHeader(request, "Authorization",
            std::string(kAlgorithm) + " Credential=" + credentials.key_id + "/" + place +
                ", SignedHeaders=" + canonical.signed_headers + ", Signature=" +
                HexOf({reinterpret_cast<const std::uint8_t*>(code.data()), code.size()}));
}

}  // namespace slipway::cloud::aws
