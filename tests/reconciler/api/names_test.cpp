#include "reconciler/api/names.hpp"

#include <gtest/gtest.h>

namespace slipway::api {
namespace {

TEST(StaticServers, AreNamedAfterTheirAddress) {
  EXPECT_EQ(NameFromAddress("10.0.0.7"), "10-0-0-7");
  EXPECT_EQ(NameFromAddress("Web-1.Example.com"), "web-1-example-com");
  EXPECT_EQ(NameFromAddress("::1"), "1");
  EXPECT_EQ(NameFromAddress("fe80::1"), "fe80--1");
  EXPECT_EQ(NameFromAddress("::"), "");
}

TEST(Uuid, HasItsFormAndLowerCase) {
  EXPECT_TRUE(IsUuid("9f2b7a40-0d7e-4a3c-8f51-6f2f1c3f7c11"));
  for (const char* other :
       {"", "9f2b7a40-0d7e-4a3c-8f51-6f2f1c3f7c1", "9f2b7a40-0d7e-4a3c-8f51-6f2f1c3f7c111",
        "9F2b7a40-0d7e-4a3c-8f51-6f2f1c3f7c11", "9f2b7a4-00d7e-4a3c-8f51-6f2f1c3f7c11",
        "9f2b7a40-0d7e-4a3c-8f51-6f2f1c3f7c1g", "9f2b7a4000d7e04a3c08f5106f2f1c3f7c11"}) {
    EXPECT_FALSE(IsUuid(other)) << other;
  }
}

TEST(NameOfMachine, IsTheNameAndTheId) {
  const std::string id(20, '9');
  EXPECT_EQ(NameOfMachine("web-1", "42"), "web-1-42");
  EXPECT_EQ(NameOfMachine("1", "0a-b"), "1-0a-b");
  EXPECT_EQ(NameOfMachine(std::string(63, 'a'), id), std::string(42, 'a') + "-" + id);
  EXPECT_EQ(NameOfMachine(std::string(41, 'a') + "-b", id), std::string(41, 'a') + "-" + id);
  EXPECT_EQ(NameOfMachine("a" + std::string(50, '-'), id), "a-" + id);
}

TEST(NameOfMachine, IsLegalWhateverTheMachineIsCalled) {
  EXPECT_EQ(NameOfMachine("Web_01.prod", "42"), "web-01-prod-42");
  EXPECT_EQ(NameOfMachine("_web_", "42"), "web-42");
  EXPECT_EQ(NameOfMachine("a b", "42"), "a-b-42");
  EXPECT_EQ(NameOfMachine("", "42"), "42");
  EXPECT_EQ(NameOfMachine("äß", "42"), "42");
}

TEST(NameOfMachine, IsEmptyWhereTheIdGivesNone) {
  for (const std::string& id : {std::string(), std::string("-1"), std::string("1-"),
                                std::string("A1"), std::string(41, '1'), std::string("1\n")}) {
    EXPECT_EQ(NameOfMachine("web", id), "") << id;
  }
}

}  // namespace
}  // namespace slipway::api
