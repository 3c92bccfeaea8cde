#include "src/cloud/azure/machine_id.hpp"

#include <gtest/gtest.h>

namespace slipway::cloud::azure {
namespace {

TEST(AzureMachineId, UpperAndLowerCaseAreTheSame) {
  const auto read = ReadMachineId(
      "/SUBSCRIPTIONS/s/resourcegroups/G/Providers/microsoft.compute/VIRTUALMACHINES/Web-1");
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(ProviderId(*read),
            "azure:///subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/"
            "virtualMachines/Web-1");
}

TEST(AzureMachineId, PartsAreFoundByTheirWord) {
  const std::string id = "/subscriptions/s/resourceGroups/Shop/providers/X/scaleSets/web";
  EXPECT_EQ(PartBehind(id, "resourcegroups"), "Shop");
  EXPECT_EQ(PartBehind(id, "scalesets"), "web");
  EXPECT_EQ(PartBehind(id, "sets"), "");
  EXPECT_EQ(PartBehind("", "sets"), "");
  EXPECT_EQ(LastPart(id), "web");
  EXPECT_EQ(LastPart("web"), "web");
  EXPECT_EQ(LastPart("/"), "");
}

}  // namespace
}  // namespace slipway::cloud::azure
