#pragma once

#include <utility>
// <utility> first: Asio 1.74 needs it and does not include it.
#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"

namespace slipway::agent {

/// Which machine this is, in the words of its provider. Nothing that an image holds says that: machines made from one image have the
/// same machine id, the same host name and perhaps the same files.
struct InstanceIdentity {
  std::string name;         ///< of the Server, such as i-0a1b2c3d4e5f60718
  std::string provider_id;  ///< such as aws:///eu-west-1a/i-0a1b2c3d4e5f60718

  bool operator==(const InstanceIdentity&) const = default;
};

/// The providers whose machines can be asked, such as aws.
std::vector<std::string> IdentityProviders();

/// Where the metadata service of a provider is: http://IP[:PORT]. What the provider's own tools call it in the environment of this
/// process, or where it is for every machine.
std::string MetadataUrl(const std::string& provider);

/// Asks the metadata service at `url` until it answers or `patience` is over: at boot it comes up with the network. kInvalid: no such
/// provider or URL, or an answer that names no machine; kUnavailable: no answer.
boost::asio::awaitable<Result<InstanceIdentity>> ReadIdentity(std::string provider, std::string url,
                                                              Duration patience);

}  // namespace slipway::agent
