#pragma once

#include <map>
#include <optional>
#include <string>

#include "reconciler/base/clock.hpp"
#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"
#include "src/rest/client.hpp"

namespace slipway::cloud {

/// The ways out of the process. All outlive what is built on them.
struct Doors {
  rest::Client& web;       ///< for tokens and APIs
  rest::Client& metadata;  ///< for what is asked on the machine itself; it must use no proxy
  const Clock& clock;
};

/// Which of them leads to `url`: http:// is for this machine, and no proxy has to see what is asked there.
inline rest::Client& DoorFor(const Doors& doors, const std::string& url) {
  return url.starts_with("http://") ? doors.metadata : doors.web;
}

/// Who asks.
struct AccessToken {
  std::string text;
  /// What goes with each call: the token itself, and what its owner wants said besides.
  std::map<std::string, std::string> headers;
  std::optional<Time> expires;
  std::string
      source;  ///< for messages, such as "the service account list@shop-prod.iam.gserviceaccount.com"

  bool operator==(const AccessToken&) const = default;
};

/// Whether it can be sent in a header, and holds no space.
bool IsHeaderText(const std::string& text);

/// Where access tokens come from. Blocking. Thread-safe.
///
/// Errors: kNotFound, nothing is set up; kInvalid, what is set up cannot be used; kUnauthorized, the provider refuses it;
/// kTooManyRequests, kTimeout and kUnavailable may pass. Messages say which places were looked at and what to do, and hold no key and
/// no token.
class TokenSource {
 public:
  virtual ~TokenSource() = default;

  /// A token that is valid for some minutes yet: kept, and asked for again before it ends.
  virtual Result<AccessToken> Get() = 0;

  /// The API said that this one has ended or is wrong: the next Get gives another.
  virtual void Forget(const AccessToken& refused) = 0;
};

}  // namespace slipway::cloud
