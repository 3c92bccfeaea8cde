#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "reconciler/base/result.hpp"
#include "reconciler/runtime/effect.hpp"

// Lists that come page by page. Pure, but for what is handed in.
namespace slipway::cloud {

constexpr std::size_t kMostServers = 100'000;  ///< as many as one control plane is built for

/// Servers by name. Pages shift while they are read: one may be on two of them.
using Listed = std::map<std::string, runtime::ListedServer>;

/// Reason ListInvalid.
Error Unbelievable(const std::string& endpoint, const std::string& why);

/// The list was given up before its end, and the next one may come to it. Reason ListUnfinished.
Error Unfinished(const std::string& why);

/// Reads one page after the other. `read` is given the token of a page, empty for the first, and gives that of the next, empty after
/// the last. Errors are those of `read`, and ListInvalid where a token comes again, or is longer than 8 KiB, or there are more than
/// 10,000 pages: whoever is asked cannot fill the memory.
Result<void> ReadPages(const std::string& endpoint,
                       const std::function<Result<std::string>(const std::string&)>& read);

/// Puts the servers of a page to the others. ListInvalid where there are more than a control plane is built for, or one cannot be written
/// down as a Server: its name is no DNS label, its address no IP address, or its provider ID no text or too long.
Result<void> Gather(const std::string& endpoint, std::vector<runtime::ListedServer> page,
                    Listed& listed);

/// All of them, by name.
std::vector<runtime::ListedServer> InOrder(Listed listed);

}  // namespace slipway::cloud
