#pragma once

#include <string>

#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"
#include "src/apiserver/access/authorizer.hpp"
#include "src/objects/kinds.hpp"

// Who am I, and what may I do: `kubectl auth whoami` and `kubectl auth can-i`. Pure, thread-safe.
namespace slipway::apiserver {

/// Whether objects of this kind are questions, answered and not kept.
bool IsReview(const objects::KindInfo& kind);

/// The object that was sent, as JSON text, with the answer in its status. kBadRequest, kInvalid: it does
/// not ask what can be answered.
Result<std::string> AnswerReview(const objects::KindInfo& kind, const std::string& sent,
                                 const User& user, Time now);

}  // namespace slipway::apiserver
