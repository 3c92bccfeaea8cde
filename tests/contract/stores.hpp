#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <ostream>
#include <string>
#include <vector>

#include "reconciler/base/clock.hpp"
#include "src/store/store.hpp"

namespace slipway::store {

/// Longer than anything here takes on a busy machine; what waits for it fails loudly.
inline constexpr std::chrono::seconds kPatience(60);

/// A directory that is gone after the test.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  std::string operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// A clock that stands still until it is told to move.
class ManualClock : public Clock {
 public:
  Time Now() const override { return Time(Mono().since_start); }
  MonoTime Mono() const override;
  void Advance(Duration by);

 private:
  mutable std::mutex mutex_;
  MonoTime now_;
};

/// One implementation under contract, with whatever it stands on.
class StoreUnderTest {
 public:
  virtual ~StoreUnderTest() = default;
  virtual Store& store() = 0;
};

/// How to make one, and its name in the tests' names.
struct Kind {
  std::string name;
  std::function<std::unique_ptr<StoreUnderTest>()> make;
};

/// How GoogleTest shows it.
inline void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }

/// Every implementation: in memory; behind the decorator of faults, without faults; SQLite; SQLite
/// that remembers almost nothing for its watches and has one reader.
std::vector<Kind> AllKinds();

/// For INSTANTIATE_TEST_SUITE_P.
inline std::string NameOf(const ::testing::TestParamInfo<Kind>& kind) { return kind.param.name; }

/// A parameterised test's fixture: a fresh store.
class StoreContract : public ::testing::TestWithParam<Kind> {
 protected:
  void SetUp() override { under_test_ = GetParam().make(); }
  Store& store() { return under_test_->store(); }

 private:
  std::unique_ptr<StoreUnderTest> under_test_;
};

/// Commits and waits for the answer.
Result<Revision> Do(Store& store, Write write);
Result<Revision> Create(Store& store, const std::string& key, const std::string& value);
Result<Revision> Update(Store& store, const std::string& key, const std::string& value,
                        Revision expected);
Result<Revision> Delete(Store& store, const std::string& key, Revision expected);

/// The code of a refusal; fails the test where there was none.
template <typename T>
Code CodeOf(const Result<T>& result) {
  if (!result) return result.error().code;
  ADD_FAILURE() << "an error was expected";
  return Code::kMethodNotAllowed;  // no store ever says so
}

/// A bell that a watch rings: waits without sleeping.
class Bell {
 public:
  std::function<void()> Ring();
  void Wait();  ///< until it was rung since the last Wait; fails the test after kPatience
  int rung() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable condition_;
  int rung_ = 0;
  int heard_ = 0;
};

/// Follows a prefix as a careful client does.
class Follower {
 public:
  Follower(Store& store, const std::string& prefix, Revision after);

  /// Takes what there is until every change up to `revision` was seen, waiting for the bell.
  void Until(Revision revision);

  /// Takes once.
  Result<Watch::Batch> Take(std::size_t limit) { return watch_->Take(limit); }

  const std::vector<std::shared_ptr<const Event>>& events() const { return events_; }
  Revision revision() const { return revision_; }

 private:
  Bell bell_;
  std::unique_ptr<Watch> watch_;  ///< goes before the bell that it rings
  std::vector<std::shared_ptr<const Event>> events_;
  Revision revision_ = 0;
};

/// `+key=value`, `~key=old>value`, `-key=last`: one event, to compare and to read.
std::string Brief(const Event& event);
std::vector<std::string> Brief(const std::vector<std::shared_ptr<const Event>>& events);

/// `key=value` of each.
std::vector<std::string> Brief(const std::vector<Entry>& entries);

}  // namespace slipway::store
