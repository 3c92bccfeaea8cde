#include "src/apiserver/documents/served_documents.hpp"

#include <nettle/sha2.h>

#include <array>
#include <chrono>
#include <ctime>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>

#include "reconciler/base/json.hpp"
#include "src/apiserver/documents/discovery.hpp"
#include "src/apiserver/object_requests.hpp"
#include "src/apiserver/request/media_types.hpp"
#include "src/openapi/documents.hpp"
#include "src/protobuf/openapi_document.hpp"

namespace slipway::apiserver {
namespace {

using http::RequestHead;
using http::Response;
using Json = nlohmann::json;

constexpr std::string_view kJsonType = "application/json";
/// What kubectl before 1.27 names first; it is answered with the name without the `@`.
constexpr std::string_view kOldOpenApiV2Type =
    "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

/// A text and the SHA-512 of it, in hexadecimal digits.
struct Document {
  std::string text;
  std::string hash;
};

std::string HashOf(const std::string& text) {
  sha512_ctx context;
  sha512_init(&context);
  sha512_update(&context, text.size(), reinterpret_cast<const std::uint8_t*>(text.data()));
  std::array<std::uint8_t, SHA512_DIGEST_SIZE> digest{};
  sha512_digest(&context, digest.size(), digest.data());
  std::string hex;
  for (const std::uint8_t byte : digest) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

Document DocumentOf(std::string text) {
  std::string hash = HashOf(text);
  return {.text = std::move(text), .hash = std::move(hash)};
}

struct OpenApiV2 {
  Document json;
  std::string protobuf;
};

const OpenApiV2& TheOpenApiV2() {
  static const OpenApiV2 kDocument = [] {
    const Json tree = openapi::DocumentV2(ApiVersionText());
    return OpenApiV2{.json = DocumentOf(PrintJson(tree)),
                     .protobuf = protobuf::ProtobufOfOpenApiV2(tree)};
  }();
  return kDocument;
}

const std::map<std::string, Document>& TheOpenApiV3() {
  static const std::map<std::string, Document> kDocuments = [] {
    std::map<std::string, Document> documents;
    for (const openapi::GroupVersion& served : openapi::GroupVersions()) {
      documents.emplace(served.Path(),
                        DocumentOf(PrintJson(openapi::DocumentV3(served, ApiVersionText()))));
    }
    return documents;
  }();
  return kDocuments;
}

std::string HashedUrl(const std::string& path, const std::string& hash) {
  return "/openapi/v3/" + path + "?hash=" + hash;
}

/// Whether the client has the document of this hash already. A `W/` before a tag does not matter.
bool HasIt(const RequestHead& head, const std::string& hash) {
  const std::string tags = head.Header("if-none-match");
  return tags == "*" || tags.find("\"" + hash + "\"") != std::string::npos;
}

/// Either the text, or that the client has it.
Response Serve(const RequestHead& head, const std::string& hash, std::string_view type,
               const std::string& text) {
  Response response;
  response.content_type = type;
  response.headers.emplace_back("ETag", "\"" + hash + "\"");
  response.headers.emplace_back("Vary", "Accept");
  if (HasIt(head, hash)) {
    response.status = 304;
  } else {
    response.body = text;
  }
  return response;
}

Response Unacceptable() {
  Response response;
  response.status = 406;
  response.content_type = "text/plain; charset=utf-8";
  response.headers.emplace_back("Vary", "Accept");
  return response;
}

/// A year from now, as RFC 9110 writes it.
std::string InAYear() {
  const std::time_t then = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now() +
                                                                std::chrono::hours(365 * 24));
  std::tm parts{};
  gmtime_r(&then, &parts);
  std::array<char, 64> text{};
  std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return text.data();
}

/// The version of aggregated discovery that a client wants before plain JSON; empty where it wants that.
std::string AggregatedVersion(const RequestHead& head) {
  for (const MediaRange& range : ParseAccept(head.Header("accept"))) {
    const auto parameter = [&](const char* name) {
      const auto found = range.parameters.find(name);
      return found == range.parameters.end() ? std::string() : found->second;
    };
    if (!range.Covers(kJsonType)) {
      continue;
    }
    if (parameter("as").empty() && parameter("g").empty() && parameter("v").empty()) {
      return "";
    }
    const std::string version = parameter("v");
    if (parameter("as") == "APIGroupDiscoveryList" && parameter("g") == "apidiscovery.k8s.io" &&
        (version == "v2" || version == "v2beta1")) {
      return version;
    }
  }
  return "";
}

const Document& Aggregated(bool groups, const std::string& version) {
  static const std::array<Document, 4> kDocuments = {
      DocumentOf(AggregatedDiscovery(false, "v2")), DocumentOf(AggregatedDiscovery(true, "v2")),
      DocumentOf(AggregatedDiscovery(false, "v2beta1")),
      DocumentOf(AggregatedDiscovery(true, "v2beta1"))};
  return kDocuments[(version == "v2" ? 0U : 2U) + (groups ? 1U : 0U)];
}

}  // namespace

Response ServeDiscovery(const RequestHead& head, bool groups) {
  const std::string version = AggregatedVersion(head);
  if (auto refusal = NotAcceptable(head)) {
    return std::move(*refusal);
  }
  if (version.empty()) {
    Response response;
    response.body = groups ? GroupList() : CoreVersions();
    response.headers.emplace_back("Vary", "Accept");
    return response;
  }
  const Document& document = Aggregated(groups, version);
  const std::string type =
      std::string(kJsonType) + ";g=apidiscovery.k8s.io;v=" + version + ";as=APIGroupDiscoveryList";
  Response response = Serve(head, document.hash, type, document.text);
  response.headers.emplace_back("Cache-Control", "public");
  return response;
}

Response ServeOpenApiV2(const RequestHead& head) {
  constexpr std::array<std::string_view, 3> kOffered = {kJsonType, kOldOpenApiV2Type,
                                                        protobuf::kOpenApiV2Type};
  const auto type = Negotiate(head.Header("accept"), kOffered);
  if (!type) {
    return Unacceptable();
  }
  const OpenApiV2& document = TheOpenApiV2();
  if (*type == kJsonType) {
    return Serve(head, document.json.hash, *type, document.json.text);
  }
  return Serve(head, document.json.hash, protobuf::kOpenApiV2Type, document.protobuf);
}

Response ServeOpenApiV3Index(const RequestHead& head) {
  static const Document kIndex = [] {
    Json paths = Json::object();
    for (const auto& [path, document] : TheOpenApiV3()) {
      paths[path] = {{"serverRelativeURL", HashedUrl(path, document.hash)}};
    }
    return DocumentOf(PrintJson({{"paths", paths}}));
  }();
  return Serve(head, kIndex.hash, kJsonType, kIndex.text);
}

Response ServeOpenApiV3(const RequestHead& head, const std::string& path) {
  const auto found = TheOpenApiV3().find(path);
  if (found == TheOpenApiV3().end()) {
    return Failure(Fail(Code::kNotFound, "the server could not find the requested resource"),
                   nullptr);
  }
  const Document& document = found->second;
  constexpr std::array<std::string_view, 1> kOffered = {kJsonType};
  if (!Negotiate(head.Header("accept"), kOffered)) {
    return Unacceptable();
  }
  const std::string_view hash = head.Query("hash");
  if (!hash.empty() && hash != document.hash) {
    Response response;
    response.status = 301;
    response.headers.emplace_back("Location", HashedUrl(path, document.hash));
    response.headers.emplace_back("Vary", "Accept");
    return response;
  }
  Response response = Serve(head, document.hash, kJsonType, document.text);
  if (!hash.empty()) {
    response.headers.emplace_back("Cache-Control", "public, immutable");
    response.headers.emplace_back("Expires", InAYear());
  }
  return response;
}

}  // namespace slipway::apiserver
