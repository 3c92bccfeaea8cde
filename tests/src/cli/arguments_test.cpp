#include "src/cli/arguments.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace slipway::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(ParseTargets, TakesAKindAndNamesOrBothInOneWord) {
  EXPECT_THAT(ParseTargets("fleets", {}).value().names, IsEmpty());
  EXPECT_THAT(ParseTargets("app", {"a", "b"}).value().names, ElementsAre("a", "b"));
  const auto joined = ParseTargets("app/a", {"applications/b"});
  ASSERT_TRUE(joined.has_value()) << joined.error().message;
  EXPECT_EQ(joined.value().resource, "app");
  EXPECT_THAT(joined.value().names, ElementsAre("a", "b"));
}

TEST(ParseTargets, RefusesWhatMeansNothing) {
  EXPECT_THAT(ParseTargets("nonsense", {}).error().message, HasSubstr("there is no kind"));
  EXPECT_THAT(ParseTargets("app", {"app/a"}).error().message, HasSubstr("not both"));
  EXPECT_THAT(ParseTargets("app/a", {"b"}).error().message, HasSubstr("not both"));
  EXPECT_THAT(ParseTargets("app/a", {"fleet/b"}).error().message,
              HasSubstr("one of the applications"));
  for (const char* word : {"app/", "app/a/b"}) {
    EXPECT_FALSE(ParseTargets(word, {}).has_value()) << word;
  }
}

TEST(ParseName, TakesTheKindInFrontOfItIfItIsTheRightOne) {
  for (const char* word : {"hello", "app/hello", "application/hello", "Applications/hello"}) {
    EXPECT_EQ(ParseName("Application", word).value(), "hello") << word;
  }
  for (const char* word : {"rollouts/hello-3", "app/", "app/a/b", "nonsense/hello"}) {
    EXPECT_THAT(ParseName("Application", word).error().message,
                HasSubstr("must be the name of one of the applications, such as hello or "
                          "applications/hello"))
        << word;
  }
}

TEST(ParseRevision, TakesHexDigitsOnly) {
  EXPECT_EQ(ParseRevision("293746b7").value(), "293746b7");
  for (const std::string& word :
       std::vector<std::string>{"", "zzz", "HEAD", "main", std::string(65, 'a')}) {
    EXPECT_FALSE(ParseRevision(word).has_value()) << word;
  }
}

TEST(ParseLifetime, TakesDaysToo) {
  EXPECT_EQ(ParseLifetime("90d").value(), std::chrono::hours(24) * 90);
  EXPECT_EQ(ParseLifetime("12h").value(), std::chrono::hours(12));
  for (const char* word : {"", "d", "0d", "0s", "-1d", "1.5d", "soon", "99999999999d"}) {
    EXPECT_FALSE(ParseLifetime(word).has_value()) << word;
  }
}

TEST(ParseSelector, IsReadBeforeAnybodyIsAsked) {
  EXPECT_EQ(ParseSelector("role=web,tier!=test").value(), "role=web,tier!=test");
  EXPECT_FALSE(ParseSelector("role in web").has_value());
}

}  // namespace
}  // namespace slipway::cli
