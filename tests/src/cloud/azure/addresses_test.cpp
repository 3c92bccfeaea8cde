#include "src/cloud/azure/addresses.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace slipway::cloud::azure {
namespace {

using api::AddressChoice;
using nlohmann::json;

constexpr const char* kInterface = R"({"id": "/n", "properties": {"ipConfigurations": [
  7, {"properties": 7},
  {"properties": {"privateIPAddress": "10.0.0.9", "publicIPAddress": {"id": "/p/9"}}},
  {"properties": {"privateIPAddress": "fd00::7", "privateIPAddressVersion": "IPv6", "publicIPAddress": {"id": "/p/6"}}},
  {"properties": {"privateIPAddress": "10.0.0.7", "privateIPAddressVersion": "IPv4", "primary": true,
                  "publicIPAddress": {"id": "/p/7"}}}]}})";

TEST(AzureAddresses, ThePrimaryConfigurationComesFirst) {
  const json described = json::parse(kInterface);
  EXPECT_EQ(ReadInterface(described, AddressChoice::kPrivate).value().address, "10.0.0.7");
  EXPECT_EQ(ReadInterface(described, AddressChoice::kPublic).value().public_id, "/p/7");
  EXPECT_EQ(ReadInterface(described, AddressChoice::kPublic).value().address, "");
  EXPECT_EQ(ReadInterface(described, AddressChoice::kIPv6).value().address, "fd00::7");
}

TEST(AzureAddresses, OthersServeWhereThePrimaryOneHasNone) {
  json described = json::parse(kInterface);
  described["properties"]["ipConfigurations"][4]["properties"].erase("publicIPAddress");
  EXPECT_EQ(ReadInterface(described, AddressChoice::kPublic).value().public_id, "/p/9");
}

TEST(AzureAddresses, OneMayHaveNone) {
  for (
      const char* none :
      {"{}", "7", R"({"properties": {}})", R"({"properties": {"ipConfigurations": []}})",
       R"({"properties": {"ipConfigurations": [{"properties": {"primary": 7, "privateIPAddress": 7}}]}})"}) {
    for (const auto choice :
         {AddressChoice::kPrivate, AddressChoice::kPublic, AddressChoice::kIPv6}) {
      const auto found = ReadInterface(json::parse(none), choice);
      ASSERT_TRUE(found.has_value()) << none;
      EXPECT_EQ(found.value().address + found.value().public_id, "") << none;
    }
  }
  EXPECT_FALSE(ReadInterface(json::parse(R"({"properties": {"ipConfigurations": 7}})"),
                             AddressChoice::kPrivate)
                   .has_value());
}

TEST(AzureAddresses, APublicOneMayHaveNoneAtTheMoment) {
  EXPECT_EQ(ReadPublicAddress(json::parse(R"({"properties": {"ipAddress": "203.0.113.7"}})")),
            "203.0.113.7");
  EXPECT_EQ(ReadPublicAddress(json::parse(R"({"properties": {}})")), "");
  EXPECT_EQ(ReadPublicAddress(json::parse("7")), "");
}

}  // namespace
}  // namespace slipway::cloud::azure
