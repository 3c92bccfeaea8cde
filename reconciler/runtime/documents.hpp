#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reconciler/base/ids.hpp"
#include "reconciler/base/time.hpp"

// What the engine does with objects as JSON text. Pure. Text that is no JSON is a broken invariant:
// it comes from planners or from the API.
namespace slipway::runtime::documents {

/// The reason of the conditions that the engine writes about an object whose planner fails: Stalled,
/// and Ready, which it then is not. The engine takes them away again; planners write Ready anew.
inline constexpr const char* kPlannerFailed = "PlannerFailed";

/// Whether the status inside `object` and `status` say the same. Absent, empty and what is no
/// object at all are the same.
bool StatusIs(const std::string& object, const std::string& status);

/// Whether `existing` is what `wanted` would have created: not on its way out, the same controlling
/// owner, and a spec that holds everything that the wanted one has.
bool IsWhatWasCreated(const std::string& existing, const std::string& wanted);

/// `operations` with tests of the uid, and of the generation if one is given, before them.
std::string Guarded(const std::string& operations, const Uid& uid,
                    std::optional<std::int64_t> generation);

/// Operations on `object` that leave it with exactly these finalizers, if its finalizers have
/// not changed; where it has none, if nothing of it has.
std::string ReplaceFinalizers(const std::string& object, const std::vector<std::string>& wanted);

/// The status of `object` with Stalled = True for a failed planner, and with Ready = False where it
/// was Ready; nullopt where it says so already. Bytes of `message` that are no UTF-8 become U+FFFD.
std::optional<std::string> WithPlannerFailed(const std::string& object, const std::string& message,
                                             std::int64_t generation, Time now);

/// Whether the object may carry what WithPlannerFailed() writes: a cheap look at the text.
bool MentionsPlannerFailed(const std::string& object);

/// `status` without what WithPlannerFailed() wrote; the status of `object` where there is none.
/// nullopt where it holds nothing of the kind and `status` is none.
std::optional<std::string> WithoutPlannerFailed(const std::string& object,
                                                const std::optional<std::string>& status);

}  // namespace slipway::runtime::documents
