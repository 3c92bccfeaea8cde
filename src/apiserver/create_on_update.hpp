#pragma once

#include <string>

#include "src/apiserver/registry/registry.hpp"
#include "src/apiserver/request/route.hpp"

namespace slipway::apiserver {

/// Whether a PUT that found nothing is to make the object: so it is for Leases and Events, and for no
/// other kind. `verb` as VerbOf gave it.
bool MakesWhatIsAbsent(const std::string& verb, const Route& route, const Result<Written>& written);

/// Makes the object of such a PUT. Errors as Registry::Create; kBadRequest: `json` has another name than
/// `path`; kConflict: it wants a uid that nothing has.
void CreateByUpdate(Registry& registry, ObjectPath path, const WriteOptions& options,
                    const std::string& json, WriteDone done);

}  // namespace slipway::apiserver
