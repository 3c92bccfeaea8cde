#include "src/cloud/openstack/known_servers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "reconciler/runtime/effect.hpp"
#include "src/cloud/cloud_api.hpp"

namespace slipway::cloud::openstack {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using Names = std::vector<std::string>;

/// An id of Nova's.
std::string Id(std::size_t number) {
  std::string digits = std::to_string(number);
  return "00000000-0000-4000-8000-" + std::string(12 - digits.size(), '0') + digits;
}

Names Ids(std::size_t first, std::size_t end) {
  Names ids;
  for (std::size_t number = first; number < end; ++number) {
    ids.push_back(Id(number));
  }
  return ids;
}

/// A project in which nobody is but `there`.
class KnownServersTest : public ::testing::Test {
 protected:
  /// "Reason: message" of the error; empty where the list lacks nobody.
  std::string Check(const std::set<std::string>& listed, const Names& of_fleet = {}) {
    asked_.clear();
    const auto checked =
        known_.CheckMissing("https://nova", listed, of_fleet, [&](const std::string& id) {
          asked_.push_back(id);
          return Result<bool>(there_.contains(id));
        });
    return checked.has_value()
               ? ""
               : runtime::ReasonOf(checked.error()) + ": " + checked.error().message;
  }

  KnownServers known_;
  std::set<std::string> there_;
  Names asked_;
};

const std::string kA = Id(1);
const std::string kB = Id(2);
const std::string kC = Id(3);
const std::string kD = Id(4);
const std::string kE = Id(5);

TEST_F(KnownServersTest, WhoLacksIsAskedForAndWhoIsGoneIsRemembered) {
  there_ = {kD};
  EXPECT_EQ(Check({kA}), "");
  EXPECT_THAT(asked_, IsEmpty()) << "nothing is known yet";
  known_.Replace({kA, kB, kC, kD, kE});
  EXPECT_EQ(Check({kA, kB, kC, kD, kE, Id(6)}), "");
  EXPECT_THAT(asked_, IsEmpty());
  EXPECT_EQ(Check({kA, kB}),
            "ListInvalid: The answer of https://nova cannot be believed: it lacks server " + kD +
                ", which is there.");
  EXPECT_THAT(asked_, ElementsAre(kC, kD));
  EXPECT_NE(Check({kA, kB}), "") << "it is still missed";
  EXPECT_THAT(asked_, ElementsAre(kD)) << "the other one is not asked for again";
  there_.clear();
  EXPECT_EQ(Check({kA, kB}), "");
  EXPECT_THAT(asked_, ElementsAre(kD, kE));
}

TEST_F(KnownServersTest, WhomTheFleetHasIsMissedAlsoAfterARestart) {
  there_ = {kB};
  EXPECT_THAT(Check({kA}, {kA, kB, kC}), HasSubstr("it lacks server " + kB));
  EXPECT_THAT(asked_, ElementsAre(kB));
  known_.Replace({kA, kC});
  EXPECT_THAT(Check({kA}, {kA, kB, kC}), HasSubstr("it lacks server " + kB));
  EXPECT_THAT(asked_, ElementsAre(kB)) << "each once";
  there_.clear();
  EXPECT_EQ(Check({kA}, {kA, kB, kC}), "");
  EXPECT_THAT(asked_, ElementsAre(kB, kC));
  known_.Replace({kA});
  EXPECT_EQ(Check({kA}, {kA, kB, kC}), "");
  EXPECT_THAT(asked_, IsEmpty()) << "the fleet has them until enough lists were without them";
}

TEST_F(KnownServersTest, ANameThatIsNoIdIsNoServerOfNova) {
  EXPECT_EQ(Check({kA}, {"web-1", "../" + kB, ""}), "");
  EXPECT_THAT(asked_, IsEmpty());
}

TEST_F(KnownServersTest, WhoWasRestoredIsMissedAgain) {
  EXPECT_EQ(Check({kA}, {kB}), "");
  there_ = {kB, kC};
  EXPECT_NE(Check({kA, kB}, {kB, kC}), "") << "the list has it, and lacks another";
  EXPECT_THAT(Check({kA, kC}, {kB, kC}), HasSubstr("it lacks server " + kB));
  there_ = {};
  EXPECT_EQ(Check({kA, kC}, {kB, kC}), "");
  known_.Replace({kA, kB, kC});
  there_ = {kB};
  EXPECT_THAT(Check({kA, kC}, {kB, kC}), HasSubstr("it lacks server " + kB));
}

TEST_F(KnownServersTest, ManyThatAreGoneTakeSomeListsAndNoneThatWasNotAskedForIsBelievedGone) {
  constexpr std::size_t kMost = KnownServers::kMostAsked;
  const Names fleet = Ids(0, 2 * kMost + 1);
  EXPECT_EQ(Check({}, fleet),
            "ListUnfinished: The list of https://nova lacks 2001 servers that were there. 1000 of "
            "them are gone indeed; the next list asks for the others.");
  EXPECT_EQ(asked_, Ids(0, kMost));
  EXPECT_THAT(Check({}, fleet), HasSubstr("lacks 1001 servers"));
  EXPECT_EQ(asked_, Ids(kMost, 2 * kMost));
  EXPECT_EQ(Check({}, fleet), "");
  EXPECT_THAT(asked_, ElementsAre(fleet.back()));
  const Names others = Ids(5000, 5000 + kMost);
  EXPECT_EQ(Check({}, others), "") << "so many are asked for at once";
  EXPECT_THAT(asked_, SizeIs(kMost));
}

TEST_F(KnownServersTest, OneThatIsThereAmongManyIsFound) {
  const Names fleet = Ids(0, KnownServers::kMostAsked + 1);
  there_ = {fleet.back()};
  EXPECT_THAT(Check({}, fleet), HasSubstr("ListUnfinished: "));
  EXPECT_THAT(Check({}, fleet), AllOf(HasSubstr("ListInvalid: "), HasSubstr(fleet.back())));
}

TEST_F(KnownServersTest, WhatIsRememberedIsBounded) {
  constexpr std::size_t kStep = KnownServers::kMostAsked;
  for (std::size_t first = 0; first < KnownServers::kMostGone; first += kStep) {
    ASSERT_EQ(Check({}, Ids(first, first + kStep)), "");
  }
  EXPECT_EQ(Check({}, Ids(0, kStep)), "");
  EXPECT_THAT(asked_, IsEmpty()) << "as many are remembered";
  EXPECT_EQ(Check({}, {Id(KnownServers::kMostGone)}), "");
  EXPECT_EQ(Check({}, Ids(0, kStep)), "");
  EXPECT_THAT(asked_, SizeIs(kStep)) << "of one more all others are forgotten";
}

TEST_F(KnownServersTest, OnlyTheProviderSaysWhoIsGone) {
  known_.Replace({kA});
  const auto check = [&] {
    return known_.CheckMissing("https://nova", {}, {kB}, [](const std::string& /*id*/) {
      return Result<bool>(Fail(Code::kNotFound, "no clouds.yaml"));
    });
  };
  EXPECT_FALSE(check().has_value());
  EXPECT_FALSE(check().has_value());
  EXPECT_EQ(Check({}, {kB}), "");
  EXPECT_THAT(asked_, ElementsAre(kA, kB)) << "both are still known";
}

}  // namespace
}  // namespace slipway::cloud::openstack
