#include "reconciler/fleet/absence.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// Case 37 of the rollout cases: absence needs several complete listings; many removals need a person.
namespace slipway::fleet {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Names = std::vector<std::string>;

Time ListingAt(int minute) { return Time(std::chrono::minutes(minute)); }

/// A fleet of ten, one listing after the other; what a plan would store is stored.
struct Listings {
  /// Looks at a new listing, in which these are missing.
  AbsenceVerdict Next(Names missing, Names left = {}) {
    ++minute;
    return Again(std::move(missing), std::move(left));
  }

  /// Looks at the newest listing once more.
  AbsenceVerdict Again(Names missing, Names left = {}) {
    const AbsenceVerdict verdict = JudgeAbsence({.rules = rules,
                                                 .stored = stored,
                                                 .listing = ListingAt(minute),
                                                 .interval = interval,
                                                 .missing = std::move(missing),
                                                 .left = std::move(left),
                                                 .total = total,
                                                 .confirmed = confirmed});
    stored = verdict.absence;
    return verdict;
  }

  api::Absence rules;
  std::optional<api::FleetAbsence> stored;
  std::int64_t total = 10;
  bool confirmed = false;
  int minute = 0;
  Duration interval{0};
};

TEST(Absence, AServerLeavesAfterThreeListingsInARowWithoutIt) {
  Listings fleet;
  EXPECT_THAT(fleet.Next({"web-1"}).removable, IsEmpty());
  EXPECT_EQ(fleet.stored->missing.front().listings, 1);
  EXPECT_THAT(fleet.Next({"web-1"}).removable, IsEmpty());
  EXPECT_THAT(fleet.Next({"web-1"}).removable, ElementsAre("web-1"));
  EXPECT_THAT(fleet.stored->removing, ElementsAre("web-1"));
}

TEST(Absence, ListingsOutOfTurnCountNothing) {
  Listings fleet;
  fleet.interval = std::chrono::minutes(10);
  const auto listings = [&] {
    fleet.Next({"web-1"});
    return fleet.stored->missing.front().listings;
  };
  for (int minute = 1; minute <= 9; ++minute) {
    EXPECT_EQ(listings(), 1) << "minute " << minute;
  }
  EXPECT_EQ(listings(), 2) << "a little early, as a clock may have it";
  fleet.minute = 30;
  fleet.Next({});
  EXPECT_EQ(fleet.stored, std::nullopt) << "who is there again is missing no more, at any time";
  EXPECT_EQ(listings(), 1);
  fleet.minute = 1;
  EXPECT_EQ(listings(), 2) << "the clock was corrected";
}

TEST(Absence, OneListingCountsOnceHoweverOftenItIsLookedAt) {
  Listings fleet;
  fleet.Next({"web-1"});
  for (int i = 0; i < 5; ++i) {
    EXPECT_THAT(fleet.Again({"web-1"}).removable, IsEmpty());
  }
  EXPECT_EQ(fleet.stored->missing.front().listings, 1);
}

TEST(Absence, WhoeverIsListedAgainIsForgotten) {
  Listings fleet;
  fleet.Next({"web-1"});
  fleet.Next({"web-1", "web-2"});
  EXPECT_FALSE(fleet.Next({}).absence.has_value());
  EXPECT_THAT(fleet.Next({"web-1"}).removable, IsEmpty());
  EXPECT_EQ(fleet.stored->missing.front().listings, 1);
}

TEST(Absence, EachServerIsCountedByItself) {
  Listings fleet;
  fleet.rules.max_removals = api::IntOrPercent::Count(5);
  fleet.Next({"web-1"});
  fleet.Next({"web-1", "web-2"});
  EXPECT_THAT(fleet.Next({"web-1", "web-2"}).removable, ElementsAre("web-1"));
  EXPECT_THAT(fleet.Next({"web-2"}).removable, ElementsAre("web-2"));
}

TEST(Absence, MoreThanMaxRemovalsWaitForAPerson) {
  Listings fleet;
  fleet.rules.max_removals = api::IntOrPercent::Percent(25);
  const Names three = {"web-1", "web-2", "web-3"};
  fleet.Next(three);
  fleet.Next(three);
  const AbsenceVerdict held = fleet.Next(three);
  EXPECT_EQ(held.limit, 2) << "rounded down";
  EXPECT_THAT(held.held, SizeIs(3));
  EXPECT_THAT(held.removable, IsEmpty());

  fleet.confirmed = true;
  EXPECT_THAT(fleet.Next(three).removable, SizeIs(3)) << "the same three as were confirmed";
  EXPECT_THAT(fleet.Next({"web-2"}).removable, ElementsAre("web-2")) << "what was begun goes on";
}

TEST(Absence, AConfirmationIsForWhatWasSeenAndNoMore) {
  Listings fleet;
  const Names two = {"web-1", "web-2"};
  fleet.Next(two);
  fleet.Next(two);
  EXPECT_THAT(fleet.Next(two).held, SizeIs(2));
  fleet.confirmed = true;
  const AbsenceVerdict more = fleet.Next({"web-1", "web-2", "web-3"});
  EXPECT_THAT(more.removable, IsEmpty());
  EXPECT_THAT(more.held, SizeIs(2));
}

TEST(Absence, WhatIsHeldStaysTheSameFromListingToListing) {
  Listings fleet;
  const Names two = {"web-1", "web-2"};
  for (int i = 0; i < 3; ++i) {
    fleet.Next(two);
  }
  const auto stored = fleet.stored;
  fleet.Next(two);
  EXPECT_EQ(fleet.stored, stored) << "so nothing is written, and it can be confirmed";
}

TEST(Absence, AFleetThatWouldBeEmptyWaitsForAPerson) {
  Listings fleet;
  fleet.total = 1;
  fleet.rules.max_removals = api::IntOrPercent::Percent(100);
  fleet.Next({"web-1"});
  fleet.Next({"web-1"});
  EXPECT_THAT(fleet.Next({"web-1"}).held, ElementsAre("web-1"));
}

TEST(Absence, AFleetThatIsAllSaidToHaveLeftWaitsForAPerson) {
  Listings fleet;
  fleet.total = 2;
  const AbsenceVerdict held = fleet.Next({}, {"web-1", "web-2"});
  EXPECT_THAT(held.held, ElementsAre("web-1", "web-2"));
  EXPECT_THAT(held.removable, IsEmpty());
  EXPECT_EQ(fleet.stored->missing.back().listings, 3) << "so that it can be confirmed";
  fleet.confirmed = true;
  EXPECT_THAT(fleet.Next({}, {"web-1", "web-2"}).removable, ElementsAre("web-1", "web-2"));
}

TEST(Absence, WhoIsSaidToHaveLeftLeavesAtOnceWhereSomebodyStays) {
  Listings fleet;
  const AbsenceVerdict verdict = fleet.Next({"web-9"}, {"web-1", "web-2", "web-3"});
  EXPECT_THAT(verdict.removable, ElementsAre("web-1", "web-2", "web-3"));
  EXPECT_EQ(fleet.stored->missing.front().servers, Names{"web-9"});
}

TEST(Absence, TheLastOneThatIsMissingStaysWhereAllOthersHaveLeft) {
  Listings fleet;
  fleet.total = 3;
  fleet.Next({"web-3"});
  fleet.Next({"web-3"});
  EXPECT_THAT(fleet.Next({"web-3"}, {"web-1", "web-2"}).removable, IsEmpty());
}

TEST(Absence, AListingThatShrinksByAndByIsNoWayAroundTheLimit) {
  Listings fleet;
  fleet.rules.max_removals = api::IntOrPercent::Count(2);
  fleet.Next({"web-1"});
  fleet.Next({"web-1", "web-2"});
  const AbsenceVerdict verdict = fleet.Next({"web-1", "web-2", "web-3"});
  EXPECT_THAT(verdict.removable, IsEmpty());
  EXPECT_THAT(verdict.held, ElementsAre("web-1"));
}

TEST(Absence, RemovalsUnderWayCountAgainstTheLimit) {
  Listings fleet;
  for (int i = 0; i < 3; ++i) {
    fleet.Next({"web-1"});
  }
  fleet.Next({"web-1", "web-2"});
  fleet.Next({"web-1", "web-2"});
  const AbsenceVerdict verdict = fleet.Next({"web-1", "web-2"});
  EXPECT_THAT(verdict.removable, ElementsAre("web-1"));
  EXPECT_THAT(verdict.held, ElementsAre("web-2"));
}

TEST(Absence, FewerConfirmationsCountAtOnce) {
  Listings fleet;
  fleet.rules.confirmations = 5;
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(fleet.Next({"web-1"}).removable, IsEmpty());
  }
  fleet.rules.confirmations = 2;
  EXPECT_THAT(fleet.Again({"web-1"}).removable, ElementsAre("web-1"));
}

}  // namespace
}  // namespace slipway::fleet
