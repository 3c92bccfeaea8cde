#include <algorithm>
#include <utility>

#include "reconciler/runtime/core.hpp"

namespace slipway::runtime {

namespace {

/// Whether the answer to a get says that the object that was asked for has made way for another. An
/// answer that cannot be read says nothing.
bool IsAnother(const InFlight& record, const std::string& answer) {
  const Result<Header> header = ReadHeader(record.target.kind, answer);
  return header.has_value() && header.value().uid != record.uid;
}

}  // namespace

bool Engine::Core::MayCollect() const {
  return options_.collect_garbage && HasRoom() &&
         std::all_of(kinds_.begin(), kinds_.end(), [&](Kind kind) { return cache_.Synced(kind); });
}

void Engine::Core::PumpCollector() {
  while (MayCollect()) {
    const auto next = collector_.Next(cache_, clock_.now());
    if (!next.has_value()) {
      return;
    }
    InFlight record{.purpose = Purpose::kCollect, .group = {}, .key = next->first};
    if (const auto* find = std::get_if<Collector::FindOwner>(&next->second)) {
      record.target = find->key;
      record.uid = find->uid;
      record.work = Get{.key = find->key};
    } else if (const auto* removal = std::get_if<Delete>(&next->second)) {
      record.target = removal->key;
      record.uid = removal->uid;
      record.work = *removal;
    } else {
      const auto& patch = std::get<Patch>(next->second);
      record.target = patch.key;
      record.uid = patch.uid;
      record.work = patch;
    }
    Work work = record.work;
    Send(std::move(record), std::move(work));
  }
}

void Engine::Core::OnCollected(const InFlight& record, const ObjectResult& result) {
  bool done = result.has_value();
  const bool not_found = !result.has_value() && result.error().code == Code::kNotFound;
  if (result.has_value()) {
    Absorb(record, result.value());
  }
  if (std::holds_alternative<Get>(record.work)) {
    const bool gone = not_found || (result.has_value() && IsAnother(record, *result.value()));
    if (gone) {
      collector_.OwnerIsGone(record.uid);
    }
    done = gone || cache_.Exists(record.uid);
  } else if (not_found) {
    ForgetObject(record.target, record.uid);
    done = true;
  } else if (std::holds_alternative<Delete>(record.work) && done) {
    ++stats_.collected;
  }
  collector_.Done(record.key, done, clock_.now());
}

}  // namespace slipway::runtime
