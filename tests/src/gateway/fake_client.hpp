#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "src/kube/object_client.hpp"

namespace slipway::gateway {

/// An ObjectClient whose writes are answered by the test, one by one, and which tells watches what the test says. One thread.
class FakeClient final : public kube::ObjectClient {
 public:
  /// A status write that waits for its answer.
  struct StatusWrite {
    kube::ObjectName object;
    Uid uid;
    std::string status;
    Done done;
  };

  /// A read, or with an object a create, or with operations a patch, that waits for its answer.
  struct Call {
    kube::ObjectName object;
    std::string json;
    Done done;
  };

  /// Answered with what `stored` holds under the name; else it waits.
  void Get(const kube::ObjectName& object, Done done) override {
    if (const auto found = stored.find(object.name); found != stored.end()) {
      return done(std::make_shared<const std::string>(found->second));
    }
    gets.push_back({object, "", std::move(done)});
  }
  void Create(const kube::ObjectName& object, std::string json, Done done) override {
    creates.push_back({object, std::move(json), std::move(done)});
  }
  void Patch(const kube::ObjectName& object, std::string patch, Done done) override {
    patches.push_back({object, std::move(patch), std::move(done)});
  }
  void Delete(const kube::ObjectName&, const Uid&, Done) override {}

  void WriteStatus(const kube::ObjectName& object, const Uid& uid, const std::string&,
                   std::string status_json, Done done) override {
    writes.push_back({object, uid, std::move(status_json), std::move(done)});
  }

  std::unique_ptr<Watching> Watch(const std::string&, const std::string& plural,
                                  kube::ObjectSink& sink) override {
    sinks[plural] = &sink;
    return std::make_unique<Watching>();
  }

  StatusWrite TakeWrite() { return TakeFrom(writes); }

  template <typename T>
  static T TakeFrom(std::deque<T>& waiting) {
    T first = std::move(waiting.at(0));
    waiting.pop_front();
    return first;
  }

  /// Every kind is listed: nothing but these.
  void List(const std::map<std::string, std::vector<std::string>>& objects) {
    for (const auto& [plural, sink] : sinks) {
      std::vector<kube::ObjectText> texts;
      if (const auto found = objects.find(plural); found != objects.end()) {
        for (const std::string& text : found->second) {
          texts.push_back(std::make_shared<const std::string>(text));
        }
      }
      sink->Replaced(texts, "1");
    }
  }

  void Tell(const std::string& plural, const std::string& object) {
    sinks.at(plural)->Changed(std::make_shared<const std::string>(object));
  }

  void TellDeleted(const std::string& plural, const std::string& last) {
    sinks.at(plural)->Deleted(std::make_shared<const std::string>(last));
  }

  std::map<std::string, std::string> stored;
  std::deque<StatusWrite> writes;
  std::deque<Call> gets;
  std::deque<Call> creates;
  std::deque<Call> patches;
  std::map<std::string, kube::ObjectSink*> sinks;
};

}  // namespace slipway::gateway
