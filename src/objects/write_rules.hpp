#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"
#include "src/objects/kinds.hpp"

// What a write makes of an object: Kubernetes' semantics as pure functions. `stored` is the object
// as a GET shows it, with its metadata.resourceVersion; the result carries the same one until the
// store gives a new one. Errors: kBadRequest (malformed, or names that do not match the path),
// kInvalid (with all causes), kConflict (another resourceVersion or uid than the stored one).
namespace slipway::objects {

/// What to do with fields that the schema does not know and fields that are there twice.
enum class FieldValidation : std::uint8_t { kIgnore, kWarn, kStrict };

/// Whether whoever asks may write `wanted`, as it would be stored, in the place of `stored`; nullptr: it is a new object.
using Admission =
    std::function<Result<void>(const nlohmann::json* stored, const nlohmann::json& wanted)>;

/// The request around the object.
struct WriteRequest {
  std::string ns{};    ///< namespace of the path; empty for kinds without one
  std::string name{};  ///< name of the path; empty for a create
  FieldValidation field_validation = FieldValidation::kWarn;
  std::vector<std::string>
      duplicates{};  ///< paths of fields that were there twice, as ParseJson found them
  bool needs_resource_version = false;  ///< a PUT of a custom resource: kInvalid without one
  std::string field_manager{};          ///< who becomes the owner of what changes
  Time now{};                           ///< in updates: when
  bool patched = false;  ///< a patch made the object: what is wrong with it is wrong with the patch
  bool applied = false;  ///< ApplyConfiguration made the object: its managedFields stand
  Admission admit{};     ///< asked last, but not about a status; empty: yes
};

/// What only the caller can give to a new object.
struct Birth {
  Time now{};
  std::string uid{};          ///< a fresh UUID
  std::string name_suffix{};  ///< 5 random lower-case letters or digits, for generateName
};

/// What the store has to do with the object.
struct WriteEffect {
  bool changed = true;  ///< false: equal to what is stored, so no write, no event
  bool removed =
      false;  ///< the last finalizer of a deleted object is gone, or there was none: remove it
  std::vector<std::string> warnings{};  ///< such as `unknown field "spec.colour"`
  /// true: an apply left something empty in the metadata of one of our own kinds, or bytes of a Secret or
  /// ConfigMap were null. Kubernetes keeps that, though it shows it to nobody, until the next write, which
  /// is made for it alone if need be: a write is no change only where this is as it was.
  bool unsettled = false;
};

/// What a DELETE may demand and ask for.
struct DeleteRequest {
  std::optional<std::string> uid{};
  std::optional<std::string> resource_version{};
  enum class Propagation : std::uint8_t { kBackground, kForeground, kOrphan };
  std::optional<Propagation> propagation{};  ///< nullopt: what a finalizer of the object says
};

/// metadata.resourceVersion as the number that it is; 0 where there is none. kUnexplained where it is no number,
/// as in Kubernetes.
Result<std::uint64_t> VersionOf(const nlohmann::json& object);

/// Makes `object`, as it was sent, ready to be stored for the first time.
Result<WriteEffect> PrepareCreate(const KindInfo& kind, nlohmann::json& object,
                                  const WriteRequest& request, const Birth& birth);

/// Makes `object`, as it was sent or as a patch left it, ready to replace `stored`: keeps the
/// stored status and what nobody may change, counts the generation.
Result<WriteEffect> PrepareUpdate(const KindInfo& kind, const nlohmann::json& stored,
                                  nlohmann::json& object, const WriteRequest& request);

/// What becomes of an update, or of one of the status, of an object that is not there: what is wrong with `object` itself comes first,
/// and one that names a uid is in conflict.
Error RefuseUpdateOfNothing(const KindInfo& kind, nlohmann::json object,
                            const WriteRequest& request);

/// As PrepareUpdate, for the status subresource: only status is taken from `object`.
Result<WriteEffect> PrepareStatusUpdate(const KindInfo& kind, const nlohmann::json& stored,
                                        nlohmann::json& object, const WriteRequest& request);

/// Marks `object` (the stored one, changed in place) as being deleted, or says that it is to be
/// removed at once.
Result<WriteEffect> PrepareDelete(const KindInfo& kind, nlohmann::json& object,
                                  const DeleteRequest& request, Time now);

/// `Application.slipway.dev "shop" is invalid: …` with every cause in the message and in `causes`.
Error InvalidObject(const KindInfo& kind, const std::string& name, std::vector<Cause> causes);

}  // namespace slipway::objects
