#include "src/cli/token.hpp"

#include <openssl/rand.h>

#include <array>
#include <chrono>
#include <ctime>
#include <nlohmann/json.hpp>
#include <ostream>
#include <span>

#include "reconciler/base/digest.hpp"
#include "src/cli/output.hpp"

namespace slipway::cli {
namespace {

Result<std::string> RandomHex(std::size_t bytes) {
  std::array<unsigned char, 32> random{};
  if (RAND_bytes(random.data(), static_cast<int>(bytes)) != 1) {
    return Fail(Code::kInternal, "the operating system gave no random bytes");
  }
  return HexOf(std::span(random).first(bytes));
}

std::string Rfc3339(std::chrono::system_clock::time_point when) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(when);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

Result<std::string> Make(const Session& session, const TokenOptions& options) {
  SLIPWAY_TRY(id, RandomHex(4));
  SLIPWAY_TRY(secret, RandomHex(24));
  const std::string token = session.ns() + "." + id + "." + secret;
  SLIPWAY_TRY(resource, FindResource("secrets"));
  nlohmann::json object = {
      {"apiVersion", "v1"},
      {"kind", "Secret"},
      {"metadata", {{"name", "agent-token-" + id}}},
      {"type", "slipway.dev/agent-token"},
      {"stringData",
       {{"hash", Sha256Hex(token)},
        {"fleet", options.fleet},
        {"expires", Rfc3339(std::chrono::system_clock::now() + options.ttl)}}}};
  SLIPWAY_TRYV(session.Create(session.Path(resource, ""), object));
  return token;
}

}  // namespace

ExitCode CreateToken(const Session& session, const TokenOptions& options, const Streams& streams) {
  if (!options.fleet.empty()) {
    const auto fleets = FindResource("fleets");
    const auto fleet = session.Get(session.Path(fleets.value(), options.fleet));
    if (!fleet.has_value() && fleet.error().code == Code::kNotFound) {
      streams.err << "warning: there is no fleet " << options.fleet << " in namespace "
                  << session.ns() << " yet; until there is, nobody can join with this token\n";
    }
  }
  const auto token = Make(session, options);
  if (!token.has_value()) {
    return Report(token.error(), streams);
  }
  streams.out << token.value() << "\n";
  if (!options.bare) {
    streams.err
        << "Valid for " << Elapsed(options.ttl) << ", for "
        << (options.fleet.empty() ? "every fleet" : "fleet " + options.fleet) << " of namespace "
        << session.ns()
        << ". It is not shown again: keep it in a file that only the agent's user can read.\n";
  }
  return kSucceeded;
}

}  // namespace slipway::cli
