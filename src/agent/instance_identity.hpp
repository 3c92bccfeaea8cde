#pragma once

#include <utility>
// <utility> first: Asio 1.74 needs it and does not include it.
#include <boost/asio/awaitable.hpp>
#include <string>

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

/// Where EC2's metadata service is for every instance.
inline constexpr const char* kMetadataUrl = "http://169.254.169.254";

/// Asks EC2's metadata service, by version 2 and never by version 1, until it answers or `patience` is over: at boot it comes up with
/// the network. `url`: http://IP[:PORT]. kInvalid: no such URL, or an answer that names no instance; kUnavailable: no answer.
/// Source: "Use IMDSv2" and "Instance identity documents", Amazon EC2 User Guide.
boost::asio::awaitable<Result<InstanceIdentity>> ReadAwsIdentity(std::string url,
                                                                 Duration patience);

}  // namespace slipway::agent
