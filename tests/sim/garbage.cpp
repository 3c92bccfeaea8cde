#include "tests/sim/garbage.hpp"

#include <algorithm>
#include <utility>

#include "reconciler/base/assert.hpp"
#include "src/objects/kinds.hpp"

namespace slipway::sim {
namespace {

using garbage::Node;
using garbage::Place;
using garbage::Standing;

/// Objects that are judged in one round.
constexpr std::size_t kJudgedAtOnce = 64;

Key KeyOf(const Place& place) {
  const auto kind = runtime::KindNamed(place.kind->kind);
  SLIPWAY_ASSERT(kind.has_value(), "the FakeApi has no other kinds");
  return {.kind = *kind, .ns = place.ns, .name = place.name};
}

Node NodeOf(Kind kind, const Bytes& object) {
  const auto header = runtime::ReadHeader(kind, *object);
  SLIPWAY_ASSERT(header.has_value(), "the FakeApi keeps objects");
  const auto version = static_cast<store::Revision>(header.value().version);
  auto node = garbage::ReadNode(InfoOf(kind), apiserver::Object(object, version));
  SLIPWAY_ASSERT(node.has_value(), "the FakeApi keeps JSON");
  return std::move(node.value());
}

/// What tells owners apart, as dependents in `ns` mean them.
std::string NameOf(const garbage::Owner& owner, const std::string& ns) {
  return ns + "/" + owner.kind + "/" + owner.name + "/" + owner.uid;
}

Standing StandingIn(const Result<Bytes>& found, Kind kind, const garbage::Owner& owner) {
  if (!found.has_value()) {
    return Standing::kAbsent;
  }
  const Node node = NodeOf(kind, found.value());
  return garbage::StandingOf(&node, owner);
}

}  // namespace

/// Hears what happens to one kind.
class Garbage::Feed final : public kube::ObjectSink {
 public:
  Feed(Garbage& garbage, Kind kind) : garbage_(garbage), kind_(kind) {
    watching_ = garbage.client_.Watch("", std::string(runtime::PluralOf(kind)), *this);
  }

  void Replaced(const std::vector<kube::ObjectText>& objects,
                const std::string& /*version*/) override {
    garbage_.Replace(kind_, objects);
  }
  void Expired() override { garbage_.unknown_.insert(kind_); }
  void Changed(const kube::ObjectText& object) override { garbage_.Learn(kind_, object, false); }
  void Deleted(const kube::ObjectText& last) override { garbage_.Learn(kind_, last, true); }

 private:
  Garbage& garbage_;
  Kind kind_;
  std::unique_ptr<kube::ObjectClient::Watching> watching_;
};

/// Some objects that are judged together.
struct Garbage::Round {
  std::vector<Place> places;
  std::map<std::string, Result<Standing>> standings;  ///< of their owners, by NameOf
  garbage::Outcomes outcomes;
  std::size_t left = 1;  ///< answers that are awaited before it goes on
};

Garbage::Garbage(Process& process, SimClient& client, Rng& rng, MayGoOn may_go_on)
    : process_(process), client_(client), rng_(rng), may_go_on_(std::move(may_go_on)) {
  for (const Kind kind : runtime::kAllKinds) {
    unknown_.insert(kind);
    feeds_.push_back(std::make_unique<Feed>(*this, kind));
  }
}

Garbage::~Garbage() = default;

/// After a gap everything is looked at once more.
void Garbage::Replace(Kind kind, const std::vector<Bytes>& objects) {
  std::set<Place> listed;
  for (const Bytes& object : objects) {
    Node node = NodeOf(kind, object);
    listed.insert(node.place);
    graph_.Put(std::move(node));
  }
  for (const Place& place : graph_.All()) {
    if (place.kind == &InfoOf(kind) && !listed.contains(place)) {
      const std::string uid = graph_.Find(place)->uid;
      graph_.Remove(place, uid);
    }
  }
  unknown_.erase(kind);
  backlog_.Add(graph_.All());
  LookLater();
}

void Garbage::Learn(Kind kind, const Bytes& object, bool gone) {
  Node node = NodeOf(kind, object);
  const Place place = node.place;
  const std::string uid = node.uid;
  backlog_.Add(gone ? graph_.Remove(place, uid) : graph_.Put(std::move(node)));
  LookLater();
}

void Garbage::LookLater() {
  const auto due = backlog_.NextDue();
  if (busy_ || !unknown_.empty() || !due) {
    return;
  }
  const MonoTime now = process_.loop().Mono();
  const MonoTime when = std::max(now, *due) + Duration(1 + rng_.Below(500));
  if (looks_at_ && *looks_at_ <= when) {
    return;
  }
  looks_at_ = when;
  process_.After(when - now, [this, when] {
    if (looks_at_ == when) {
      looks_at_.reset();
      Look();
    }
  });
}

void Garbage::Look() {
  if (busy_ || !unknown_.empty()) {
    return;
  }
  busy_ = true;
  const auto round = std::make_shared<Round>();
  round->places = backlog_.Take(process_.loop().Mono(), kJudgedAtOnce);
  for (const Place& place : round->places) {
    LookUp(round, place);
  }
  if (--round->left == 0) {
    Decide(round);
  }
}

/// Asks for the owners of an object of whom nobody has asked yet.
void Garbage::LookUp(const RoundPtr& round, const Place& place) {
  const Node* node = graph_.Find(place);
  if (node == nullptr || node->deleting) {
    return;
  }
  for (const garbage::Owner& owner : node->owners) {
    const std::string name = NameOf(owner, place.ns);
    const auto kind = runtime::KindNamed(owner.kind);
    if (!round->standings.emplace(name, Standing::kUnknown).second || !kind.has_value()) {
      continue;
    }
    ++round->left;
    const Key key{.kind = *kind, .ns = place.ns, .name = owner.name};
    client_.Get(NameOf(key), [this, round, name, kind, owner](const Result<Bytes>& found) {
      const bool known = found.has_value() || found.error().code == Code::kNotFound;
      round->standings.at(name) = known ? Result<Standing>(StandingIn(found, *kind, owner))
                                        : Result<Standing>(found.error());
      if (--round->left == 0) {
        Decide(round);
      }
    });
  }
}

/// What has come since the round began counts, too; of whom it has other owners than were looked up, another round decides.
void Garbage::Decide(const RoundPtr& round) {
  const garbage::LookUp look_up = [round](const garbage::Owner& owner,
                                          const Place& dependent) -> Result<Standing> {
    const auto found = round->standings.find(NameOf(owner, dependent.ns));
    return found != round->standings.end() ? found->second
                                           : Result<Standing>(Fail(Code::kConflict, "new owners"));
  };
  const Error gap = Fail(Code::kConflict, "nobody knows what there is");
  round->left = 1;
  for (const Place& place : round->places) {
    const Node* node = graph_.Find(place);
    round->outcomes.Add(place, unknown_.empty() ? nullptr : &gap);
    if (node == nullptr || !unknown_.empty()) {
      continue;
    }
    const auto steps = garbage::Judge(graph_, *node, look_up);
    if (!steps.has_value()) {
      round->outcomes.Add(place, &steps.error());
      continue;
    }
    for (const garbage::Step& step : steps.value()) {
      if (!Write(round, place, step)) {
        return;
      }
    }
  }
  EndOne(round);
}

/// False: the control plane is dead.
bool Garbage::Write(const RoundPtr& round, const Place& of, const garbage::Step& step) {
  if (!may_go_on_(step)) {
    return false;
  }
  ++round->left;
  const auto done = [this, round, of](const Result<Bytes>& written) {
    round->outcomes.Add(of, written.has_value() ? nullptr : &written.error());
    EndOne(round);
  };
  if (!step.patch.empty()) {
    client_.Merge(KeyOf(step.place), step.patch, done);
    return true;
  }
  objects::DeleteRequest request;
  request.uid = step.uid;
  request.resource_version = std::to_string(step.revision);
  request.propagation = step.propagation;
  client_.Delete(KeyOf(step.place), std::move(request), done);
  return true;
}

void Garbage::EndOne(const RoundPtr& round) {
  if (--round->left != 0) {
    return;
  }
  for (const auto& [place, error] : round->outcomes.all()) {
    backlog_.Note(place, error ? &*error : nullptr, process_.loop().Mono());
  }
  busy_ = false;
  LookLater();
}

}  // namespace slipway::sim
