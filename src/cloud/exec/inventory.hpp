#pragma once

#include <string_view>
#include <vector>

#include "reconciler/base/result.hpp"
#include "reconciler/runtime/effect.hpp"

namespace slipway::cloud {

/// Reads JSON that lists servers, in one of two forms. Pure and thread-safe.
///
/// Ours: {"servers": [{"name": "web-1", "address": "10.0.0.1", "id": "i-1", "labels": {"role": "web"}, "state": "running"}]}. A
/// name or an address must be there; without a name it is made from the address as for a static fleet. State: running (also where
/// it is left out), stopped, terminated.
///
/// That of Ansible's dynamic inventories (--list): groups with hosts and children, and _meta.hostvars. A host is a server; its
/// address is ansible_host, or else its own name; each group that it is in, also through children, is a label
/// group.slipway.dev/GROUP: "true", with GROUP as LabelText() has it.
///
/// kInvalid names the first entry that is no server as the API takes it, or the field that is unknown: a list is right as a whole
/// or not at all.
Result<std::vector<runtime::ListedServer>> ReadInventory(std::string_view json);

}  // namespace slipway::cloud
