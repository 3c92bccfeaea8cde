#include "src/cloud/aws/credentials/credential_chain.hpp"

#include <utility>

#include "src/cloud/aws/credentials/profile_credentials.hpp"

namespace slipway::cloud::aws {
namespace {

constexpr const char* kAdvice =
    "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile in AWS_PROFILE, or give a "
    "role to the machine, container or service account that Slipway runs with";

std::string PlaceOf(const ProfileFile& file, const std::string& name) {
  return file.path.empty() ? name + " (HOME is not set)"
                           : file.path + (file.found ? "" : " (no such file)");
}

}  // namespace

CredentialChain::CredentialChain(const Doors& doors, Options options)
    : doors_(doors), options_(std::move(options)), kept_(doors.clock, [this] { return Find(); }) {}

Result<Credentials> CredentialChain::Find() const {
  const Environment& environment = options_.environment;
  Search search;
  if (options_.profile.empty()) {
    search.Ask("the environment", [&] { return FromEnvironment(environment); });
  }
  if (search.going()) {
    const auto shared = ReadSharedConfig(environment);
    if (shared.has_value()) {
      AskProfile(search, shared.value());
    } else {
      search.Ask("the shared files", [&]() -> Result<Answer> { return shared.error(); });
    }
  }
  auto found = search.End(kAdvice);
  if (!found.has_value()) {
    return Reworded(found.error(), "There are no credentials for AWS: " + found.error().message);
  }
  return StillValid(std::move(found.value()), doors_.clock.Now());
}

void CredentialChain::AskProfile(Search& search, const SharedConfig& shared) const {
  const Environment& environment = options_.environment;
  const bool chosen = !options_.profile.empty();
  const std::string named = chosen ? options_.profile : ProfileByEnvironment(environment);
  const std::string profile = named.empty() ? "default" : named;
  if (profile != "default" && !shared.Has(profile)) {
    // Whoever misspells a profile does not want to act as the machine.
    search.Ask(Named(profile), [&]() -> Result<Answer> {
      return Fail(Code::kInvalid,
                  std::string(chosen ? "it was chosen" : "the environment names it (AWS_PROFILE)") +
                      ", and neither " + PlaceOf(shared.config, "~/.aws/config") + " nor " +
                      PlaceOf(shared.credentials, "~/.aws/credentials") + " has it");
    });
    return;
  }
  const Sts sts(doors_, environment,
                options_.region.empty() ? RegionOf(environment, shared, profile) : options_.region,
                options_.sts);
  ProfileCredentials profiles(doors_, environment, shared, sts);
  search.Ask("a role", [&] { return profiles.AssumeRole(profile); });
  profiles.AskOthers(search, profile, !chosen);
  search.Ask("the container", [&] { return FromContainer(doors_.metadata, environment); });
  search.Ask("the instance",
             [&] { return FromInstance(doors_.metadata, environment, shared.Merged(profile)); });
}

AssumedRole::AssumedRole(CredentialSource& base, Role role, Sts sts, const Clock& clock)
    : base_(base),
      role_(std::move(role)),
      sts_(std::move(sts)),
      clock_(clock),
      kept_(clock, [this] { return Assume(); }) {}

Result<Credentials> AssumedRole::Assume() {
  SLIPWAY_TRY(made, sts_.AssumeRole(base_, role_));
  return StillValid(std::move(made), clock_.Now());
}

}  // namespace slipway::cloud::aws
