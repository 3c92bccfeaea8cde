#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "reconciler/base/json.hpp"
#include "src/objects/field_owners.hpp"
#include "src/objects/field_ownership.hpp"
#include "src/objects/json_text.hpp"
#include "src/objects/kinds.hpp"
#include "src/objects/typed_tree.hpp"
#include "tests/fuzz/target.hpp"

namespace slipway::fuzz {
namespace {

using objects::Author;
using objects::FieldOwner;
using objects::FieldOwners;
using objects::FieldSet;
using objects::Json;
using objects::KindInfo;
using objects::Part;

/// The next line of an input, which is consumed.
Json Line(std::string_view& bytes) {
  const std::size_t end = std::min(bytes.find('\n'), bytes.size());
  auto tree = objects::ParseJson(bytes.substr(0, end));
  bytes.remove_prefix(std::min(end + 1, bytes.size()));
  return tree.has_value() ? std::move(tree.value()) : Json();
}

const KindInfo& KindOf(const Json& object) {
  const auto text = [&](const char* field) {
    const Json value = object.is_object() ? object.value(field, Json()) : Json();
    return value.is_string() ? value.get<std::string>() : std::string();
  };
  const KindInfo* kind = objects::FindByKind(text("apiVersion"), text("kind"));
  return kind == nullptr ? *objects::FindByKind("v1", "ConfigMap") : *kind;
}

/// What an author can own of a tree.
FieldSet Ownable(const KindInfo& kind, Part part, const FieldSet& fields) {
  static const FieldSet kNobodys =
      FieldSet::Read(
          ReadJson(
              R"({"f:apiVersion":{},"f:kind":{},"f:metadata":{".":{},"f:name":{},"f:namespace":{},
                  "f:creationTimestamp":{},"f:selfLink":{},"f:uid":{},"f:clusterName":{},
                  "f:generation":{},"f:managedFields":{},"f:resourceVersion":{}}})"))
          .value();
  const char* other = part == Part::kStatus ? R"({"f:spec":{}})" : R"({"f:status":{}})";
  const FieldSet rest = kind.has_status
                            ? fields.RecursiveDifference(FieldSet::Read(ReadJson(other)).value())
                            : fields;
  return rest.Difference(kNobodys);
}

FieldOwners OwnersOf(const Json& object) {
  auto owners = FieldOwners::Read(object["metadata"].value("managedFields", Json(Json::array())));
  Demand(owners.has_value(), "owners that were written can be read");
  return owners.has_value() ? std::move(owners.value()) : FieldOwners();
}

FieldSet OwnedBy(const Json& object, const FieldOwner& who) {
  FieldOwners owners = OwnersOf(object);
  const FieldOwner* owner = owners.Find(who.Identity());
  return owner == nullptr ? FieldSet() : owner->fields;
}

bool HasMetadata(const Json& object) {
  return object.is_object() && object.value("metadata", Json()).is_object();
}

/// Of its owners no schema knows.
Json WithoutOwners(Json object) {
  if (HasMetadata(object)) {
    object["metadata"].erase("managedFields");
  }
  return object;
}

/// Whether an object is as the API would have stored it.
bool Fits(const KindInfo& kind, const Json& object) {
  return objects::MisfitOf(kind.schema.root(), WithoutOwners(object), true).empty();
}

void TrySets(const FieldSet& left, const FieldSet& right) {
  const auto same = [](const FieldSet& one, const FieldSet& other) {
    return one.Write() == other.Write();
  };
  for (const FieldSet& set : {left, right}) {
    const auto again = FieldSet::Read(set.Write());
    Demand(again.has_value() && same(again.value(), set), "a set survives being written");
    Demand(set.Difference(set).empty() && same(set.Union(set), set), "a set is itself");
  }
  Demand(same(left.Union(right), right.Union(left)), "a union has no order");
  Demand(same(left.Intersection(right).Union(left.Difference(right)), left),
         "a set is what it shares and what it does not");
  Demand(left.Difference(right).Intersection(right).empty(), "what was taken out is not in");
}

/// The rules for trees, whether they fit their schema or not.
void TryTrees(const KindInfo& kind, const Json& before, const Json& after) {
  const objects::SchemaNode& schema = kind.schema.root();
  Demand(Compare(schema, before, before).empty(), "a tree does not differ from itself");
  if (before.is_object() && after.is_object() && Fits(kind, before) && Fits(kind, after)) {
    Demand(before == after || !Compare(schema, before, after).empty(),
           "trees that differ are told apart");
  }
  TrySets(FieldsOf(schema, before), FieldsOf(schema, after));
  (void)Without(schema, before, FieldsOf(schema, after));
}

/// One object, and what becomes of it.
struct Trial {
  const KindInfo& kind;
  Part part;
  const Json* live;  ///< nullptr: nothing
  bool fits;         ///< `live` is as the API would have stored it

  Result<Json> Apply(const Json* stored, const Json& configuration, int second, bool force) const {
    const Author author{.manager = "one", .now = Time{std::chrono::seconds(second)}, .part = part};
    return ApplyConfiguration(kind, stored, configuration, author, force);
  }

  void Judge(const Json& configuration, const Json& applied) const {
    const FieldOwner self{.manager = "one",
                          .applied = true,
                          .api_version = kind.ApiVersion(),
                          .subresource = part == Part::kStatus ? "status" : ""};
    const FieldSet wanted = Ownable(kind, part, FieldsOf(kind.schema.root(), configuration));
    const FieldSet owned = OwnedBy(applied, self);
    Demand(wanted.Difference(owned).empty() && owned.Difference(wanted).empty(),
           "who applies owns what the configuration says and nothing else");
    Demand(OwnersOf(applied).all().size() <= objects::kMostOwners, "owners are few");
    if (fits) {
      Demand(Fits(kind, applied), "what fits still does");
      JudgeSettled(configuration, applied);
    }
  }

  /// An empty list comes back with the second apply, where the first took its last item; Kubernetes does so
  /// as well.
  void JudgeSettled(const Json& configuration, const Json& applied) const {
    const auto second = Apply(&applied, configuration, 8, false);
    Demand(second.has_value(), "who has applied may apply the same again");
    auto third = Apply(&second.value(), configuration, 9, false);
    Demand(third.has_value(), "and again");
    objects::KeepTimes(second.value(), third.value());
    Demand(third.value() == second.value(), "applies of the same come to an end");
    Json said = WithoutOwners(configuration);
    if (HasMetadata(said)) {
      said["metadata"].erase("selfLink");
    } else {
      said.erase("metadata");
    }
    Demand(Merge(kind.schema.root(), third.value(), said) == third.value(),
           "what was applied is there");
  }

  void Run(const Json& configuration) const {
    const auto asked = Apply(live, configuration, 5, false);
    const auto forced = Apply(live, configuration, 5, true);
    if (!asked.has_value()) {
      const Code code = asked.error().code;
      Demand(code == Code::kConflict || code == Code::kBadRequest || code == Code::kUnexplained ||
                 code == Code::kTooLarge,
             "a refusal is one that a client understands");
      Demand((code == Code::kConflict) == !asked.error().causes.empty(), "a conflict has causes");
      Demand(forced.has_value() == (code == Code::kConflict) || code == Code::kConflict,
             "force helps against conflicts and nothing else");
    } else {
      Demand(forced.has_value() && forced.value() == asked.value(),
             "force changes nothing where there is no conflict");
    }
    if (forced.has_value()) {
      Judge(configuration, forced.value());
    }
  }

  /// `object` takes the place of what is there, which has a history, by another write than an apply.
  void Update(Json object) const {
    const FieldOwner self{.manager = "two",
                          .api_version = kind.ApiVersion(),
                          .subresource = part == Part::kStatus ? "status" : ""};
    const Author author{.manager = "two", .now = Time{std::chrono::seconds(7)}, .part = part};
    const bool tracked = !OwnersOf(*live).empty();
    KeepOwners(kind, live, object, Json(), author);
    const auto change = Compare(kind.schema.root(), WithoutOwners(*live), WithoutOwners(object));
    if (!tracked || !fits || change.empty()) {
      return;
    }
    const FieldSet written = Ownable(kind, part, change.added.Union(change.modified));
    FieldOwners owners = OwnersOf(object);
    std::size_t updaters = 0;
    FieldSet own;
    for (const FieldOwner& owner : owners.all()) {
      updaters += owner.applied ? 0 : 1;
      const bool writer = owner.Identity() == self.Identity() || owner.manager == "ancient-changes";
      Demand(writer || owner.fields.Intersection(written).empty(),
             "what somebody writes over belongs to nobody else");
      own = writer ? own.Union(owner.fields) : own;
    }
    Demand(written.Difference(own).Difference(Standing()).empty(),
           "what somebody writes belongs to them");
    Demand(updaters <= FieldOwners::kMaxUpdaters, "updaters are few");
  }

 private:
  /// Core objects have these parts always: nobody adds them.
  static FieldSet Standing() {
    return FieldSet::Read(
               ReadJson(R"({"f:spec":{},"f:status":{},"f:involvedObject":{},"f:source":{}})"))
        .value();
  }
};

/// `live` with a history of its own: "two" made it, and "one" applied `configuration`, where that can be.
Json WithHistory(const KindInfo& kind, Part part, Json live, const Json& configuration) {
  live = WithoutOwners(std::move(live));
  KeepOwners(kind, nullptr, live, Json(),
             {.manager = "two", .now = Time{std::chrono::seconds(1)}, .part = part});
  auto applied = ApplyConfiguration(
      kind, &live, configuration,
      {.manager = "one", .now = Time{std::chrono::seconds(2)}, .part = part}, true);
  return applied.has_value() ? std::move(applied.value()) : live;
}

}  // namespace

// The first line is an object that is stored, the second a configuration that is applied to it, the third
// one that was applied before and then takes its place; each of them as anybody may have sent it.
void TryBytes(std::string_view bytes) {
  const Json live = Line(bytes);
  const Json configuration = Line(bytes);
  const Json other = Line(bytes);
  const KindInfo& kind = KindOf(configuration);
  TryTrees(kind, live, configuration);
  const bool status =
      kind.has_status && configuration.is_object() && configuration.contains("status");
  const Part part = status ? Part::kStatus : Part::kMain;
  if (!HasMetadata(live)) {
    Trial{.kind = kind, .part = part, .live = nullptr, .fits = true}.Run(configuration);
    return;
  }
  // Owners that a stranger made up may own half of an item.
  Trial{.kind = kind, .part = part, .live = &live, .fits = false}.Run(configuration);
  const Json known = WithHistory(kind, part, live, other);
  const Trial trial{.kind = kind, .part = part, .live = &known, .fits = Fits(kind, known)};
  trial.Run(configuration);
  if (HasMetadata(other) && Fits(kind, other)) {
    trial.Update(other);
  }
}

}  // namespace slipway::fuzz
