#include "src/app/event_recorder.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "reconciler/api/scalars.hpp"
#include "reconciler/base/digest.hpp"
#include "reconciler/base/json.hpp"
#include "reconciler/runtime/kinds.hpp"
#include "src/app/object_conditions.hpp"

namespace slipway::app {
namespace {

using nlohmann::json;

constexpr std::size_t kMostRemembered = 10'000;  ///< objects; beyond it all are seen anew
constexpr std::size_t kMostWaiting = 1'000;
constexpr std::size_t kNameBytes = 200;  ///< of the object's name in that of its Event
constexpr std::size_t kHashDigits = 16;

/// Reasons of what passes by itself, and has failed all the same.
constexpr std::array<std::string_view, 6> kFailures = {
    "Timeout", "Throttled", "Unreachable", "ServiceUnavailable", "InternalError", "ListUnfinished"};

/// What there is to record of an object.
struct Seen {
  std::string uid;
  std::string version;
  std::string reason;
  std::string message;
  bool failing = false;
};

/// nullopt where it has no condition Ready with a reason.
std::optional<Seen> Look(const std::string& object) {
  const auto read = ConditionsIn(object);
  if (!read || !read->by_type.contains("Ready")) {
    return std::nullopt;
  }
  const ObjectConditions::Condition& ready = read->by_type.at("Ready");
  const auto stalled = read->by_type.find("Stalled");
  const bool waits = stalled != read->by_type.end() && stalled->second.holds;
  const bool failed = std::ranges::find(kFailures, ready.reason) != kFailures.end();
  return ready.reason.empty() ? std::nullopt
                              : std::optional(Seen{.uid = read->uid,
                                                   .version = read->version,
                                                   .reason = ready.reason,
                                                   .message = ready.message,
                                                   .failing = waits || failed});
}

std::string NameOfEvent(const runtime::Key& key, const Seen& seen) {
  return key.name.substr(0, kNameBytes) + "." +
         Sha256Hex(seen.uid + "/" + seen.reason).substr(0, kHashDigits);
}

json EventOf(const runtime::Key& key, const Seen& seen, const std::string& name,
             const std::string& time) {
  return {{"apiVersion", "v1"},
          {"kind", "Event"},
          {"metadata", {{"name", name}, {"namespace", key.ns}}},
          {"involvedObject",
           {{"apiVersion", runtime::kApiVersion},
            {"kind", runtime::NameOf(key.kind)},
            {"namespace", key.ns},
            {"name", key.name},
            {"uid", seen.uid},
            {"resourceVersion", seen.version}}},
          {"type", seen.failing ? "Warning" : "Normal"},
          {"reason", seen.reason},
          {"message", seen.message},
          {"source", {{"component", "slipway"}}},
          {"reportingComponent", "slipway"},
          {"firstTimestamp", time},
          {"lastTimestamp", time},
          {"count", 1}};
}

}  // namespace

void EventRecorder::Saw(const runtime::Key& key, const std::string& object) {
  const std::optional<Seen> seen = stopped_ ? std::nullopt : Look(object);
  if (!seen) {
    return;
  }
  if (said_.size() >= kMostRemembered && !said_.contains(seen->uid)) {
    said_.clear();
  }
  Said& said = said_[seen->uid];
  if (said.reason == seen->reason && (!seen->failing || said.message == seen->message)) {
    return;
  }
  said = {.reason = seen->reason, .message = seen->message};
  const std::string time = api::FormatTime(std::chrono::floor<std::chrono::seconds>(clock_.Now()));
  const std::string name = NameOfEvent(key, *seen);
  Add({.name = {.api_version = "v1", .plural = "events", .ns = key.ns, .name = name},
       .json = PrintJson(EventOf(key, *seen, name, time)),
       .message = seen->message,
       .time = time});
}

/// What waits for the same Event is one with it.
void EventRecorder::Add(Record record) {
  const auto begin = waiting_.begin() + (writing_ ? 1 : 0);
  const auto same = std::find_if(begin, waiting_.end(),
                                 [&](const Record& each) { return each.name == record.name; });
  if (same != waiting_.end()) {
    record.count = same->count + 1;
    *same = std::move(record);
    return;
  }
  if (waiting_.size() >= kMostWaiting) {
    spdlog::warn("controllers: too many events at once: {} of {} is not recorded", record.name.name,
                 record.name.ns);
    return;
  }
  waiting_.push_back(std::move(record));
  WriteNext();
}

void EventRecorder::WriteNext() {
  if (writing_ || waiting_.empty() || stopped_) {
    return;
  }
  writing_ = true;
  const Record& record = waiting_.front();
  client_.Create(
      record.name, record.json, [this, record, alive = alive_](Result<kube::ObjectText> created) {
        if (!*alive || stopped_) {
          return;
        }
        if (created.has_value() || created.error().code != Code::kAlreadyExists) {
          return Ended(record, created);
        }
        client_.Get(record.name, [this, record, alive](const Result<kube::ObjectText>& event) {
          if (!*alive || stopped_) {
            return;
          }
          if (!event.has_value()) {
            return Ended(record, event);
          }
          Count(record, event.value());
        });
      });
}

/// It is there already: it is seen once more.
void EventRecorder::Count(const Record& record, const kube::ObjectText& event) {
  const json stored = ReadJson(*event);
  const json count = stored.value("count", json());
  json operations = json::array();
  const auto set = [&](const char* path, json value) {
    operations.push_back({{"op", "add"}, {"path", path}, {"value", std::move(value)}});
  };
  set("/count", (count.is_number_integer() ? count.get<std::int64_t>() : 0) + record.count);
  set("/message", record.message);
  set("/lastTimestamp", record.time);
  client_.Patch(record.name, PrintJson(operations),
                [this, record, alive = alive_](const Result<kube::ObjectText>& patched) {
                  if (*alive && !stopped_) {
                    Ended(record, patched);
                  }
                });
}

void EventRecorder::Ended(const Record& record, const Result<kube::ObjectText>& result) {
  const bool leaving = !result.has_value() && (result.error().code == Code::kForbidden ||
                                               result.error().code == Code::kNotFound);
  if (!result.has_value() && !leaving) {  // of a namespace that is being deleted nobody needs any
    // An Event tells; what it tells of is in the object's status, whether it is recorded or not.
    spdlog::warn("controllers: event {} of {} is not recorded: {}", record.name.name,
                 record.name.ns, result.error().message);
  }
  waiting_.pop_front();
  writing_ = false;
  WriteNext();
}

}  // namespace slipway::app
