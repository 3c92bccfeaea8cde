#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>
#include <optional>

#include "reconciler/base/json.hpp"
#include "src/app/registry_client.hpp"
#include "tests/sim/client.hpp"
#include "tests/src/apiserver/home.hpp"

// What an ObjectClient promises, of the embedded server's and of the simulator's alike.
namespace slipway::kube {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::StartsWith;

constexpr const char* kApiVersion = "slipway.dev/v1alpha1";

class EmbeddedApi {
 public:
  ObjectClient& client() { return client_; }

  /// Until nothing is under way.
  void Run() {
    do {
      home_.Drain();
      io_.restart();
    } while (io_.poll() != 0);
  }

 private:
  apiserver::Home home_;
  boost::asio::io_context io_;
  app::RegistryClient client_{io_, home_.registry};
};

class SimulatedApi {
 public:
  SimulatedApi() {
    api_.on_event = [this](const sim::StoreEvent&) { client_.Announce(); };
  }

  ObjectClient& client() { return client_; }

  void Run() {
    const MonoTime until = loop_.Mono() + std::chrono::seconds(1);
    while (loop_.Step(until)) {
    }
  }

 private:
  sim::Loop loop_;
  Rng rng_{7};
  sim::Faults faults_;
  sim::Process process_{loop_};
  sim::FakeApi api_{loop_};
  sim::SimClient client_{process_, api_, faults_, rng_, sim::Writer::kControllers};
};

/// Writes down what it hears.
class Diary final : public ObjectSink {
 public:
  void Replaced(const std::vector<ObjectText>& objects, const std::string& version) override {
    lines.push_back("replaced " + std::to_string(objects.size()));
    EXPECT_NE(version, "");
  }
  void Expired() override { lines.emplace_back("expired"); }
  void Changed(const ObjectText& object) override { lines.push_back("changed " + Of(object)); }
  void Deleted(const ObjectText& last) override { lines.push_back("deleted " + Of(last)); }

  std::vector<std::string> lines;

 private:
  static std::string Of(const ObjectText& object) {
    const json tree = ReadJson(*object);
    return tree["metadata"]["name"].get<std::string>() + " " +
           tree["spec"]["fleet"].get<std::string>();
  }
};

ObjectName Named(const std::string& name) { return {kApiVersion, "servers", "default", name}; }

template <typename Api>
class ObjectClientContract : public testing::Test {
 protected:
  using Answer = std::optional<Result<ObjectText>>;

  template <typename Call>
  Result<ObjectText> Await(Call call) {
    Answer answer;
    int answers = 0;
    call([&](const Result<ObjectText>& given) {
      answer = given;
      ++answers;
    });
    EXPECT_EQ(answers, 0) << "an answer comes later, never inside of the call";
    api_.Run();
    EXPECT_EQ(answers, 1);
    return answer ? *answer : Result<ObjectText>(Fail(Code::kInternal, "no answer"));
  }

  Result<ObjectText> Get(const std::string& name) {
    return Await([&](auto done) { api_.client().Get(Named(name), done); });
  }

  Result<ObjectText> Create(const std::string& name) {
    const json object = {{"apiVersion", kApiVersion},
                         {"kind", "Server"},
                         {"metadata", {{"name", name}, {"namespace", "default"}}},
                         {"spec", {{"fleet", "web"}}}};
    return Await([&](auto done) { api_.client().Create(Named(name), object.dump(), done); });
  }

  Result<ObjectText> Patch(const std::string& name, const json& operations) {
    return Await([&](auto done) { api_.client().Patch(Named(name), operations.dump(), done); });
  }

  Result<ObjectText> WriteStatus(const std::string& name, const std::string& uid,
                                 const std::string& version, const json& status) {
    return Await([&](auto done) {
      api_.client().WriteStatus(Named(name), Uid(uid), version, status.dump(), done);
    });
  }

  Result<ObjectText> Delete(const std::string& name, const std::string& uid) {
    return Await([&](auto done) { api_.client().Delete(Named(name), Uid(uid), done); });
  }

  static json TreeOf(const Result<ObjectText>& answer) {
    EXPECT_TRUE(answer.has_value()) << (answer.has_value() ? "" : answer.error().message);
    return answer.has_value() ? ReadJson(*answer.value()) : json();
  }

  static std::string Field(const json& tree, const std::string& field) {
    return tree.at("metadata").at(field).template get<std::string>();
  }

  static Code CodeOf(const Result<ObjectText>& answer) {
    EXPECT_FALSE(answer.has_value());
    return answer.has_value() ? Code::kInternal : answer.error().code;
  }

  Api api_;
};

using Apis = testing::Types<EmbeddedApi, SimulatedApi>;
TYPED_TEST_SUITE(ObjectClientContract, Apis);

TYPED_TEST(ObjectClientContract, WhatIsCreatedIsThereAndIsNotCreatedTwice) {
  EXPECT_EQ(this->CodeOf(this->Get("a")), Code::kNotFound);
  const json made = this->TreeOf(this->Create("a"));
  EXPECT_EQ(this->TreeOf(this->Get("a")), made);
  EXPECT_NE(this->Field(made, "uid"), "");
  EXPECT_NE(this->Field(made, "resourceVersion"), "");
  EXPECT_EQ(this->CodeOf(this->Create("a")), Code::kAlreadyExists);
}

TYPED_TEST(ObjectClientContract, APatchWhoseTestFailsIsAConflict) {
  const json made = this->TreeOf(this->Create("a"));
  const auto moved_to = [&](const std::string& fleet, const std::string& uid) {
    return json::array({{{"op", "test"}, {"path", "/metadata/uid"}, {"value", uid}},
                        {{"op", "replace"}, {"path", "/spec/fleet"}, {"value", fleet}}});
  };
  EXPECT_EQ(this->CodeOf(this->Patch("a", moved_to("db", "another"))), Code::kConflict);
  const json patched = this->TreeOf(this->Patch("a", moved_to("db", this->Field(made, "uid"))));
  EXPECT_EQ(patched["spec"]["fleet"], "db");
  EXPECT_EQ(patched["metadata"]["generation"], 2);
  EXPECT_EQ(this->CodeOf(this->Patch("b", moved_to("db", "x"))), Code::kNotFound);
}

TYPED_TEST(ObjectClientContract, AStatusIsWrittenToTheObjectAndVersionThatAreMeant) {
  const json made = this->TreeOf(this->Create("a"));
  const std::string uid = this->Field(made, "uid");
  const std::string version = this->Field(made, "resourceVersion");
  const json status = {{"observedGeneration", 1}};
  EXPECT_EQ(this->CodeOf(this->WriteStatus("a", "another", "", status)), Code::kConflict);
  const json written = this->TreeOf(this->WriteStatus("a", uid, version, status));
  EXPECT_EQ(written["status"], status);
  EXPECT_EQ(written["metadata"]["generation"], 1);
  EXPECT_NE(this->Field(written, "resourceVersion"), version);
  const json next = {{"observedGeneration", 2}};
  EXPECT_EQ(this->CodeOf(this->WriteStatus("a", uid, version, next)), Code::kConflict);
  EXPECT_EQ(this->TreeOf(this->WriteStatus("a", uid, "", next))["status"], next);
  EXPECT_EQ(this->CodeOf(this->WriteStatus("b", uid, "", next)), Code::kNotFound);
}

TYPED_TEST(ObjectClientContract, OnlyTheObjectThatIsMeantIsDeleted) {
  const json made = this->TreeOf(this->Create("a"));
  EXPECT_EQ(this->CodeOf(this->Delete("a", "another")), Code::kConflict);
  EXPECT_EQ(this->Field(this->TreeOf(this->Delete("a", this->Field(made, "uid"))), "name"), "a");
  EXPECT_EQ(this->CodeOf(this->Get("a")), Code::kNotFound);
  EXPECT_EQ(this->CodeOf(this->Delete("a", this->Field(made, "uid"))), Code::kNotFound);
}

TYPED_TEST(ObjectClientContract, AWatchTellsEverythingInOrderAndNothingOnceItHasEnded) {
  const json made = this->TreeOf(this->Create("a"));
  Diary diary;
  auto watching = this->api_.client().Watch(kApiVersion, "servers", diary);
  EXPECT_TRUE(diary.lines.empty()) << "news come later, never inside of the call";
  this->api_.Run();
  EXPECT_TRUE(this->Create("b"));
  EXPECT_TRUE(this->Patch(
      "b", json::array({{{"op", "replace"}, {"path", "/spec/fleet"}, {"value", "db"}}})));
  EXPECT_TRUE(this->Delete("a", this->Field(made, "uid")));
  EXPECT_THAT(diary.lines,
              ElementsAre("replaced 1", "changed b web", "changed b db", StartsWith("deleted a")));
  watching.reset();
  EXPECT_TRUE(this->Create("c"));
  EXPECT_EQ(diary.lines.size(), 4U);
}

}  // namespace
}  // namespace slipway::kube
