#include "src/apiserver/pki/pki.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "src/apiserver/pki/durable_file.hpp"
#include "src/apiserver/pki/x509.hpp"

namespace slipway::apiserver {
namespace {

constexpr Duration kDay = std::chrono::hours(24);
constexpr Duration kAuthorityLifetime = 3650 * kDay;
constexpr Duration kOwnLifetime = 365 * kDay;
constexpr Duration kRenewBefore = 90 * kDay;
// Clocks of other machines may be behind ours.
constexpr Duration kClockTolerance = std::chrono::hours(1);

struct Pair {
  Key key;
  Certificate certificate;
};

Result<Pair> ReadPair(const std::string& path) {
  SLIPWAY_TRY(key_pem, ReadFile(path + ".key"));
  SLIPWAY_TRY(certificate_pem, ReadFile(path + ".crt"));
  SLIPWAY_TRY(key, ParseKey(key_pem));
  SLIPWAY_TRY(certificate, ParseCertificate(certificate_pem));
  return Pair{std::move(key), std::move(certificate)};
}

/// The certificate is written last: where it is, its key is.
Result<void> WritePair(const std::string& path, const Pair& pair) {
  SLIPWAY_TRY(key_pem, PrintKey(pair.key));
  SLIPWAY_TRY(certificate_pem, PrintCertificate(pair.certificate));
  SLIPWAY_TRYV(ReplaceFile(path + ".key", key_pem));
  return ReplaceFile(path + ".crt", certificate_pem);
}

Result<Pair> MakePair(const CertificateSpec& spec, const Pair* issuer) {
  SLIPWAY_TRY(key, MakeKey());
  SLIPWAY_TRY(certificate, Sign(spec, key, issuer == nullptr ? nullptr : issuer->certificate,
                                issuer == nullptr ? key : issuer->key));
  return Pair{std::move(key), std::move(certificate)};
}

Result<Pair> OpenAuthority(const std::string& path, Time now) {
  auto found = ReadFile(path + ".crt");
  if (!found.has_value() && found.error().code != Code::kNotFound) {
    return found.error();
  }
  if (!found.has_value()) {
    const CertificateSpec spec{.use = CertificateSpec::Use::kAuthority,
                               .common_name = "slipway-ca",
                               .from = now - kClockTolerance,
                               .until = now + kAuthorityLifetime};
    SLIPWAY_TRY(pair, MakePair(spec, nullptr));
    SLIPWAY_TRYV(WritePair(path, pair));
    return pair;
  }
  const std::string advice = "; restore " + path +
                             ".key and .crt from a backup, or remove both to start with a new CA "
                             "(agents and kubeconfigs must then be given the new one)";
  auto pair = ReadPair(path);
  if (!pair.has_value()) {
    return Fail(Code::kInternal, pair.error().message + advice);
  }
  if (!BelongsTo(pair.value().certificate, pair.value().key, pair.value().certificate)) {
    return Fail(Code::kInternal, path + ".key is not the key of " + path + ".crt" + advice);
  }
  return pair;
}

std::vector<std::string> WithOwnNames(std::vector<std::string> addresses) {
  for (const char* own : {"localhost", "127.0.0.1", "::1"}) {
    addresses.emplace_back(own);
  }
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) == 0 && host[0] != '\0') {
    addresses.emplace_back(host.data());
  }
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  return addresses;
}

}  // namespace

struct Pki::State {
  std::string data_dir;
  std::vector<std::string> addresses;
  Pair authority;
  Pair server;
  Pair admin;
  std::string ca_pem;
  std::string ca_hash;
  std::string admin_pem;
  std::string server_chain_pem;
  std::string server_key_pem;

  std::string PathOf(const char* name) const { return data_dir + "/pki/" + name; }

  bool IsGood(const Pair& pair, Time now) const {
    return BelongsTo(pair.certificate, pair.key, authority.certificate) &&
           StartOf(pair.certificate) <= now && EndOf(pair.certificate) - now > kRenewBefore;
  }

  Result<void> Load(Time now) {
    if (mkdir((data_dir + "/pki").c_str(), 0700) != 0 && errno != EEXIST) {
      return Fail(Code::kInternal, "cannot make " + data_dir + "/pki: " + std::strerror(errno));
    }
    SLIPWAY_TRY(pair, OpenAuthority(PathOf("ca"), now));
    authority = std::move(pair);
    SLIPWAY_TRY(pem, PrintCertificate(authority.certificate));
    ca_pem = std::move(pem);
    ca_hash = "sha256:" + CertificateDigest(authority.certificate);
    if (auto found = ReadPair(PathOf("server")); found.has_value()) {
      server = std::move(found.value());
    }
    if (auto found = ReadPair(PathOf("admin")); found.has_value()) {
      admin = std::move(found.value());
    }
    return Renew(now);
  }

  Result<void> Renew(Time now) {
    if (admin.key == nullptr || !IsGood(admin, now)) {
      const CertificateSpec spec{.use = CertificateSpec::Use::kClient,
                                 .common_name = "admin",
                                 .organisation = std::string(kMastersGroup),
                                 .from = now - kClockTolerance,
                                 .until = now + kOwnLifetime};
      SLIPWAY_TRY(pair, MakePair(spec, &authority));
      SLIPWAY_TRYV(WritePair(PathOf("admin"), pair));
      admin = std::move(pair);
    }
    SLIPWAY_TRY(own_pem, PrintCertificate(admin.certificate));
    admin_pem = std::move(own_pem);
    if (server.key == nullptr || !IsGood(server, now) ||
        !CoversAll(server.certificate, addresses)) {
      const CertificateSpec spec{.use = CertificateSpec::Use::kServer,
                                 .common_name = "slipway",
                                 .addresses = addresses,
                                 .from = now - kClockTolerance,
                                 .until = now + kOwnLifetime};
      SLIPWAY_TRY(pair, MakePair(spec, &authority));
      SLIPWAY_TRYV(WritePair(PathOf("server"), pair));
      server = std::move(pair);
    }
    SLIPWAY_TRY(certificate_pem, PrintCertificate(server.certificate));
    SLIPWAY_TRY(key_pem, PrintKey(server.key));
    server_chain_pem = certificate_pem + ca_pem;
    server_key_pem = std::move(key_pem);
    return Ok();
  }
};

Pki::Pki(std::unique_ptr<State> state) : state_(std::move(state)) {}
Pki::Pki(Pki&&) noexcept = default;
Pki& Pki::operator=(Pki&&) noexcept = default;
Pki::~Pki() = default;

Result<Pki> Pki::Open(Options options, Time now) {
  auto state = std::make_unique<State>();
  state->data_dir = std::move(options.data_dir);
  state->addresses = WithOwnNames(std::move(options.addresses));
  SLIPWAY_TRYV(state->Load(now));
  return Pki(std::move(state));
}

const std::string& Pki::ca_pem() const { return state_->ca_pem; }
const std::string& Pki::ca_hash() const { return state_->ca_hash; }
const std::string& Pki::server_chain_pem() const { return state_->server_chain_pem; }
const std::string& Pki::server_key_pem() const { return state_->server_key_pem; }

const std::string& Pki::admin_pem() const { return state_->admin_pem; }

Result<void> Pki::Renew(Time now) { return state_->Renew(now); }

Result<void> Pki::WriteAdminKubeconfig(const std::string& server) const {
  SLIPWAY_TRY(key, PrintKey(state_->admin.key));
  const std::string text =
      "apiVersion: v1\n"
      "kind: Config\n"
      "clusters:\n"
      "- name: slipway\n"
      "  cluster:\n"
      "    server: " +
      server +
      "\n"
      "    certificate-authority-data: " +
      Base64(state_->ca_pem) +
      "\n"
      "users:\n"
      "- name: admin\n"
      "  user:\n"
      "    client-certificate-data: " +
      Base64(state_->admin_pem) +
      "\n"
      "    client-key-data: " +
      Base64(key) +
      "\n"
      "contexts:\n"
      "- name: slipway\n"
      "  context:\n"
      "    cluster: slipway\n"
      "    user: admin\n"
      "    namespace: default\n"
      "current-context: slipway\n";
  return ReplaceFile(state_->data_dir + "/admin.kubeconfig", text);
}

Result<std::string> Pki::SignAgent(const SigningRequest& request, const std::string& ns,
                                   const std::string& server, Time now, Duration lifetime) const {
  SLIPWAY_TRY(key, KeyOfRequest(request.pem));
  const CertificateSpec spec{.use = CertificateSpec::Use::kClient,
                             .common_name = ns + "/" + server,
                             .organisation = std::string(kAgentsGroup),
                             .from = now - kClockTolerance,
                             .until = now + lifetime};
  SLIPWAY_TRY(certificate, Sign(spec, key, state_->authority.certificate, state_->authority.key));
  return PrintCertificate(certificate);
}

Result<SigningRequest> ReadSigningRequest(std::string_view pem) {
  SLIPWAY_TRY(key, KeyOfRequest(pem));
  if (!IsStrong(key)) {
    return Fail(Code::kInvalid,
                "the key of the certificate request is neither ECDSA P-256 nor Ed25519");
  }
  return SigningRequest{std::string(pem), KeyDigest(key)};
}

Result<std::string> CertificateHash(std::string_view pem) {
  SLIPWAY_TRY(certificate, ParseCertificate(pem));
  return "sha256:" + CertificateDigest(certificate);
}

}  // namespace slipway::apiserver
