#pragma once

#include <map>
#include <string>

#include "reconciler/base/result.hpp"

namespace slipway::cloud::openstack {

/// What somebody set up, in the words of clouds.yaml, such as auth_url: those of its `auth` and those beside it are one.
using Settings = std::map<std::string, std::string>;

/// A user or a project: an id, or a name in a domain, which has an id or a name itself.
struct Named {
  std::string id;
  std::string name;
  std::string domain_id;
  std::string domain_name;

  bool operator==(const Named&) const = default;
};

/// Who asks which Keystone, and for which project. Either a password or the secret of an application credential.
struct Login {
  std::string auth_url;  ///< without a version, and without a slash at its end
  Named user;            ///< empty where an application credential has an id
  std::string password;
  std::string credential_id;  ///< of an application credential; empty: it has a name of its user's
  std::string credential_name;
  std::string credential_secret;
  Named project;       ///< empty for an application credential: it has one
  std::string region;  ///< to ask where the Fleet names none; or empty
  std::string interface;
  std::string origin;  ///< for messages, such as " of Secret keys"

  bool operator==(const Login&) const = default;
};

/// Reads it. `project`, where it is not empty, is asked for instead: an id where it looks like one, or a name in the domain of the
/// project that is set up. kInvalid says what is missing or cannot be used, and holds no secret. Pure.
/// Source: keystoneauth, plugins v3password and v3applicationcredential; openstacksdk, "Configuring OpenStack SDK Applications".
Result<Login> ReadLogin(const Settings& settings, const std::string& project);

/// For messages, such as "the user lister".
std::string WhoIs(const Login& login);

}  // namespace slipway::cloud::openstack
