#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "reconciler/base/clock.hpp"
#include "reconciler/runtime/object.hpp"
#include "src/kube/object_client.hpp"

namespace slipway::app {

/// Records as Events what becomes of objects: `kubectl describe` and `kubectl get events` show when each reason of a condition was
/// first and last seen, and how often. An object has one Event for each reason, named after the object and both. On the thread of its
/// client.
class EventRecorder {
 public:
  /// Both outlive it.
  EventRecorder(kube::ObjectClient& client, const Clock& clock) : client_(client), clock_(clock) {}
  ~EventRecorder() { *alive_ = false; }
  EventRecorder(const EventRecorder&) = delete;
  EventRecorder& operator=(const EventRecorder&) = delete;

  /// What an object looks like whose status was written. Recorded is a new reason of its condition Ready, and while it fails also a
  /// new message: so it is counted how often a poll failed.
  void Saw(const runtime::Key& key, const std::string& object);

  /// Nothing is recorded from now on.
  void Stop() { stopped_ = true; }

 private:
  /// What one Event is to say.
  struct Record {
    kube::ObjectName name;
    std::string json;  ///< the Event as it is where it is the first
    std::string message;
    std::string time;
    std::int64_t count = 1;  ///< how often it was seen since it was written last
  };

  /// What a condition said last.
  struct Said {
    std::string reason;
    std::string message;
  };

  void Add(Record record);
  void WriteNext();
  void Count(const Record& record, const kube::ObjectText& event);
  void Ended(const Record& record, const Result<kube::ObjectText>& result);

  kube::ObjectClient& client_;
  const Clock& clock_;
  std::map<std::string, Said> said_;  ///< by uid
  std::deque<Record> waiting_;        ///< the first is being written where `writing_`
  bool writing_ = false;
  bool stopped_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace slipway::app
