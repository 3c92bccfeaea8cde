#include "src/objects/field_owners.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>

#include "reconciler/api/scalars.hpp"
#include "reconciler/base/json.hpp"

namespace slipway::objects {
namespace {

using Json = nlohmann::json;

constexpr const char* kOldUpdaters = "ancient-changes";
constexpr std::size_t kMostManagerBytes = 128;  ///< as of the option fieldManager
constexpr std::size_t kMostNameBytes = 317;     ///< of a group with its version, the longest

std::int64_t SecondsOf(const std::optional<Time>& time) {
  return time ? std::chrono::floor<std::chrono::seconds>(time->time_since_epoch()).count() : 0;
}

/// A text of an entry; "" where it is absent.
Result<std::string> TextIn(const Json& entry, const char* field) {
  const auto found = entry.find(field);
  if (found == entry.end() || found->is_null()) {
    return std::string();
  }
  if (!found->is_string()) {
    return Fail(Code::kBadRequest, std::string("managedFields: ") + field + " must be text");
  }
  return found->get<std::string>();
}

Result<FieldOwner> ReadOwner(const Json& entry) {
  if (!entry.is_object()) {
    return Fail(Code::kBadRequest, "an entry of managedFields must be an object");
  }
  SLIPWAY_TRY(operation, TextIn(entry, "operation"));
  if (operation != "Apply" && operation != "Update") {
    return Fail(Code::kBadRequest, "operation must be `Apply` or `Update`");
  }
  SLIPWAY_TRY(api_version, TextIn(entry, "apiVersion"));
  if (api_version.empty()) {
    return Fail(Code::kBadRequest, "apiVersion must not be empty");
  }
  SLIPWAY_TRY(type, TextIn(entry, "fieldsType"));
  if (type != "FieldsV1") {
    return Fail(Code::kBadRequest, "missing or invalid fieldsType in managed fields");
  }
  SLIPWAY_TRY(manager, TextIn(entry, "manager"));
  SLIPWAY_TRY(subresource, TextIn(entry, "subresource"));
  SLIPWAY_TRY(time_text, TextIn(entry, "time"));
  if (manager.size() > kMostManagerBytes || subresource.size() > kMostNameBytes ||
      api_version.size() > kMostNameBytes) {
    return Fail(Code::kBadRequest, "managedFields: manager, subresource or apiVersion is too long");
  }
  FieldOwner owner{.manager = std::move(manager),
                   .applied = operation == "Apply",
                   .api_version = std::move(api_version),
                   .subresource = std::move(subresource)};
  if (!time_text.empty()) {
    const auto time = api::ParseTime(time_text);
    if (!time.has_value()) {
      return Fail(Code::kBadRequest, "managedFields: time is no time");
    }
    owner.time = time.value();
  }
  const auto fields = entry.find("fieldsV1");
  if (fields != entry.end() && !fields->is_null()) {
    SLIPWAY_TRY(set, FieldSet::Read(*fields));
    owner.fields = std::move(set);
  }
  return owner;
}

Json WriteOwner(const FieldOwner& owner) {
  Json entry = {{"apiVersion", owner.api_version},
                {"fieldsType", "FieldsV1"},
                {"fieldsV1", owner.fields.Write()},
                {"operation", owner.applied ? "Apply" : "Update"}};
  if (!owner.manager.empty()) {
    entry["manager"] = owner.manager;
  }
  if (!owner.subresource.empty()) {
    entry["subresource"] = owner.subresource;
  }
  if (owner.time) {
    entry["time"] = api::FormatTime(std::chrono::floor<std::chrono::seconds>(*owner.time));
  }
  return entry;
}

}  // namespace

std::string FieldOwner::Identity() const {
  // The order of the fields is the one in which Kubernetes writes them.
  std::string text;
  const auto add = [&](const char* field, const std::string& value) {
    if (!value.empty()) {
      text += std::string(text.empty() ? "{\"" : ",\"") + field + "\":" + PrintJson(Json(value));
    }
  };
  add("manager", manager);
  add("operation", applied ? "Apply" : "Update");
  add("apiVersion", applied ? "" : api_version);
  add("subresource", subresource);
  return text + "}";
}

Result<FieldOwners> FieldOwners::Read(const Json& managed_fields) {
  if (!managed_fields.is_array()) {
    return Fail(Code::kBadRequest, "managedFields must be a list");
  }
  if (managed_fields.size() > kMostOwners) {
    return Fail(Code::kBadRequest,
                "managedFields has more than " + std::to_string(kMostOwners) + " entries");
  }
  std::map<std::string, FieldOwner> by_identity;
  for (const Json& entry : managed_fields) {
    SLIPWAY_TRY(owner, ReadOwner(entry));
    std::string identity = owner.Identity();
    by_identity.insert_or_assign(std::move(identity), std::move(owner));
  }
  FieldOwners owners;
  for (auto& [identity, owner] : by_identity) {
    owners.owners_.push_back(std::move(owner));
  }
  return owners;
}

Json FieldOwners::Write() const {
  std::vector<const FieldOwner*> sorted;
  for (const FieldOwner& owner : owners_) {
    sorted.push_back(&owner);
  }
  const auto rank = [](const FieldOwner& owner) {
    return std::tuple(!owner.applied, SecondsOf(owner.time), std::cref(owner.manager),
                      std::cref(owner.api_version), std::cref(owner.subresource));
  };
  std::sort(sorted.begin(), sorted.end(), [&](const FieldOwner* left, const FieldOwner* right) {
    const auto [applied, time, manager, version, part] = rank(*left);
    const auto [applied2, time2, manager2, version2, part2] = rank(*right);
    return std::tie(applied, time, manager.get(), version.get(), part.get()) <
           std::tie(applied2, time2, manager2.get(), version2.get(), part2.get());
  });
  Json entries = Json::array();
  for (const FieldOwner* owner : sorted) {
    entries.push_back(WriteOwner(*owner));
  }
  return entries;
}

FieldOwner* FieldOwners::Find(const std::string& identity) {
  const auto found = std::find_if(owners_.begin(), owners_.end(), [&](const FieldOwner& owner) {
    return owner.Identity() == identity;
  });
  return found == owners_.end() ? nullptr : &*found;
}

void FieldOwners::Put(FieldOwner owner) {
  if (FieldOwner* same = Find(owner.Identity())) {
    *same = std::move(owner);
  } else {
    owners_.push_back(std::move(owner));
  }
}

void FieldOwners::DropEmpty() {
  std::erase_if(owners_, [](const FieldOwner& owner) { return owner.fields.empty(); });
}

void FieldOwners::MergeOldUpdaters() {
  std::vector<FieldOwner> updaters;
  for (const FieldOwner& owner : owners_) {
    if (!owner.applied) {
      updaters.push_back(owner);
    }
  }
  if (updaters.size() <= kMaxUpdaters) {
    return;
  }
  std::sort(updaters.begin(), updaters.end(), [](const FieldOwner& left, const FieldOwner& right) {
    return std::pair(SecondsOf(left.time), left.Identity()) <
           std::pair(SecondsOf(right.time), right.Identity());
  });
  std::map<std::string, std::string> first_of_version;
  std::size_t count = updaters.size();
  for (const FieldOwner& old : updaters) {
    if (count <= kMaxUpdaters) {
      return;
    }
    FieldOwner bucket{.manager = kOldUpdaters, .api_version = old.api_version};
    const auto [first, is_first] = first_of_version.emplace(old.api_version, old.Identity());
    if (is_first) {
      continue;
    }
    if (Find(bucket.Identity()) == nullptr) {
      bucket.fields = Find(first->second)->fields;
      std::erase_if(owners_,
                    [&](const FieldOwner& owner) { return owner.Identity() == first->second; });
      owners_.push_back(bucket);
    }
    FieldOwner& merged = *Find(bucket.Identity());
    merged.fields = old.fields.Union(merged.fields);
    merged.time = old.time;
    std::erase_if(owners_,
                  [&](const FieldOwner& owner) { return owner.Identity() == old.Identity(); });
    --count;
  }
}

}  // namespace slipway::objects
