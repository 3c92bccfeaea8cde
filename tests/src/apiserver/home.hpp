#pragma once

#include <deque>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "reconciler/base/clock.hpp"
#include "reconciler/base/json.hpp"
#include "src/apiserver/registry/registry.hpp"
#include "src/store/memory_store.hpp"

namespace slipway::apiserver {

/// A clock that stands still until a test moves it.
class FixedClock : public Clock {
 public:
  Time Now() const override { return now; }
  MonoTime Mono() const override { return {std::chrono::milliseconds(now.time_since_epoch())}; }

  Time now{std::chrono::milliseconds(1'780'000'000'000)};
};

/// A registry over a store in memory, whose home thread is the test's: Drain runs what is queued.
class Home {
 public:
  Home()
      : registry(
            store, clock, [this](std::function<void()> run) { queue_.push_back(std::move(run)); },
            7) {
    bool started = false;
    registry.Start([&](Result<void> result) { started = result.has_value(); });
    Drain();
    if (!started) {
      throw std::logic_error("the registry did not start");
    }
  }

  void Drain() {
    while (!queue_.empty()) {
      const auto run = std::move(queue_.front());
      queue_.pop_front();
      run();
    }
  }

  Result<Written> Create(const ObjectPath& path, const nlohmann::json& object,
                         WriteOptions options = {}) {
    const std::string text = Whole(path, object);
    return Wait<Written>([&](auto done) { registry.Create(path, text, options, done); });
  }
  Result<Written> Update(const ObjectPath& path, const nlohmann::json& object,
                         WriteOptions options = {}) {
    const std::string text = Whole(path, object);
    return Wait<Written>([&](auto done) { registry.Update(path, text, options, done); });
  }
  Result<Written> UpdateStatus(const ObjectPath& path, const nlohmann::json& object) {
    const std::string text = Whole(path, object);
    return Wait<Written>([&](auto done) { registry.UpdateStatus(path, text, {}, done); });
  }
  Result<Written> Patch(const ObjectPath& path, PatchType type, const nlohmann::json& patch) {
    return Wait<Written>([&](auto done) { registry.Patch(path, type, patch.dump(), {}, done); });
  }
  Result<Deleted> Delete(const ObjectPath& path, objects::DeleteRequest request = {},
                         WriteOptions options = {}) {
    return Wait<Deleted>([&](auto done) { registry.Delete(path, request, options, done); });
  }

  nlohmann::json Get(const ObjectPath& path) const {
    const auto object = registry.Get(path);
    return object.has_value() ? ReadJson(object.value().Text()) : nlohmann::json();
  }

  store::MemoryStore store{store::Incarnation("test")};
  FixedClock clock;
  Registry registry;

 private:
  /// The text of an object, with its kind.
  static std::string Whole(const ObjectPath& path, nlohmann::json object) {
    object.emplace("apiVersion", path.kind->ApiVersion());
    object.emplace("kind", path.kind->kind);
    return object.dump();
  }

  template <typename T, typename Call>
  Result<T> Wait(Call call) {
    std::optional<Result<T>> result;
    call(std::function<void(Result<T>)>([&](Result<T> value) { result = std::move(value); }));
    Drain();
    return result ? *result : Result<T>(Fail(Code::kInternal, "the call gave no result"));
  }

  std::deque<std::function<void()>> queue_;
};

/// The path of one object of a kind of ours or of the core.
inline ObjectPath PathTo(const std::string& plural, const std::string& name = "",
                         const std::string& ns = "default") {
  const objects::KindInfo* kind = objects::FindByAnyName(plural);
  if (kind == nullptr) {
    throw std::logic_error("no kind " + plural);
  }
  return {.kind = kind, .ns = kind->namespaced ? ns : "", .name = name};
}

}  // namespace slipway::apiserver
