#include "src/cloud/clouds.hpp"

#include <gtest/gtest.h>

#include <map>

#include "src/cloud/filters.hpp"

namespace slipway::cloud {
namespace {

/// Lists one server of its own name.
class OneServer final : public CloudApi {
 public:
  explicit OneServer(std::string name) : name_(std::move(name)) {}

  Result<std::vector<runtime::ListedServer>> List(const api::Provider& /*provider*/,
                                                  const SecretData& /*secret*/) override {
    return std::vector<runtime::ListedServer>{{.name = name_}};
  }

  Result<void> CompleteLaunch(const runtime::CompleteLaunch& /*launch*/,
                              const SecretData& /*secret*/, MonoTime /*deadline*/) override {
    return Fail(Code::kInternal, "by " + name_);
  }

 private:
  std::string name_;
};

TEST(Clouds, EachQuestionGoesToItsProvider) {
  OneServer exec("exec");
  OneServer file("file");
  OneServer aws("aws");
  OneServer gcp("gcp");
  OneServer azure("azure");
  OneServer openstack("openstack");
  Clouds clouds({{"exec", exec},
                 {"static", file},
                 {"aws", aws},
                 {"gcp", gcp},
                 {"azure", azure},
                 {"openstack", openstack}});
  api::Provider provider;
  provider.exec = api::ExecProvider();
  EXPECT_EQ(clouds.List(provider, {}).value().front().name, "exec");
  provider.exec.reset();
  provider.aws = api::AwsProvider();
  EXPECT_EQ(clouds.List(provider, {}).value().front().name, "aws");
  provider.aws.reset();
  provider.gcp = api::GcpProvider();
  EXPECT_EQ(clouds.List(provider, {}).value().front().name, "gcp");
  EXPECT_EQ(ProviderName(provider), "gcp");
  provider.gcp.reset();
  provider.azure = api::AzureProvider();
  EXPECT_EQ(clouds.List(provider, {}).value().front().name, "azure");
  EXPECT_EQ(ProviderName(provider), "azure");
  provider.azure.reset();
  provider.openstack = api::OpenstackProvider();
  EXPECT_EQ(clouds.List(provider, {}).value().front().name, "openstack");
  EXPECT_EQ(ProviderName(provider), "openstack");
  provider.openstack.reset();
  provider.static_ = api::StaticProvider{.file = "/etc/slipway/servers.yaml"};
  EXPECT_EQ(clouds.List(provider, {}).value().front().name, "file");
  EXPECT_EQ(ProviderName(provider), "static");
  provider.static_ = api::StaticProvider{.servers = {{.name = "web-1"}}};
  EXPECT_EQ(ProviderName(provider), "");
  EXPECT_FALSE(clouds.List(provider, {}).has_value());
}

/// Lists those that the fleet has.
class ListsTheKnown final : public CloudApi {
 public:
  Result<std::vector<runtime::ListedServer>> List(const api::Provider& /*provider*/,
                                                  const SecretData& /*secret*/) override {
    return Fail(Code::kInternal, "it was not told");
  }

  Result<std::vector<runtime::ListedServer>> ListKnowing(const std::vector<std::string>& known,
                                                         const api::Provider& /*provider*/,
                                                         const SecretData& /*secret*/) override {
    return std::vector<runtime::ListedServer>{{.name = known.at(0)}};
  }
};

TEST(Clouds, WhatAFleetHasIsSaidToItsProvider) {
  OneServer aws("aws");
  ListsTheKnown openstack;
  Clouds clouds({{"aws", aws}, {"openstack", openstack}});
  api::Provider provider;
  EXPECT_FALSE(clouds.ListKnowing({"web-1"}, provider, {}).has_value());
  provider.aws = api::AwsProvider();
  EXPECT_EQ(clouds.ListKnowing({"web-1"}, provider, {}).value().front().name, "aws");
  provider.aws.reset();
  provider.openstack = api::OpenstackProvider();
  EXPECT_EQ(clouds.ListKnowing({"web-1"}, provider, {}).value().front().name, "web-1");
}

/// A provider that holds nobody back.
class HoldsNobody final : public CloudApi {
 public:
  Result<std::vector<runtime::ListedServer>> List(const api::Provider& /*provider*/,
                                                  const SecretData& /*secret*/) override {
    return std::vector<runtime::ListedServer>();
  }
};

TEST(Clouds, ALaunchIsCompletedByItsProviderAndByNoneThatCannot) {
  HoldsNobody exec;
  OneServer aws("aws");
  OneServer gcp("gcp");
  Clouds clouds({{"exec", exec}, {"aws", aws}, {"gcp", gcp}});
  runtime::CompleteLaunch launch;
  launch.provider.aws = api::AwsProvider();
  EXPECT_EQ(clouds.CompleteLaunch(launch, {}, {}).error().message, "by aws");
  launch.provider.aws.reset();
  launch.provider.gcp = api::GcpProvider();
  EXPECT_EQ(clouds.CompleteLaunch(launch, {}, {}).error().message, "by gcp");
  launch.provider.gcp.reset();
  EXPECT_EQ(runtime::ReasonOf(clouds.CompleteLaunch(launch, {}, {}).error()), "NotSupported");
  launch.provider.exec = api::ExecProvider();
  EXPECT_EQ(runtime::ReasonOf(clouds.CompleteLaunch(launch, {}, {}).error()), "NotSupported");
}

TEST(Clouds, WithoutFiltersOnlyThePlaceIsLeft) {
  api::Provider provider;
  provider.aws = api::AwsProvider{.regions = {"eu-west-1"},
                                  .tags = {{"role", "web"}},
                                  .vpc = "vpc-1",
                                  .auto_scaling_group = "web",
                                  .filters = {{.name = "image-id", .values = {"ami-1"}}},
                                  .role_arn = "arn:aws:iam::123456789012:role/r"};
  api::Provider wide;
  wide.aws =
      api::AwsProvider{.regions = {"eu-west-1"}, .role_arn = "arn:aws:iam::123456789012:role/r"};
  EXPECT_EQ(WithoutFilters(provider), wide);
  EXPECT_EQ(WithoutFilters(wide), wide);
  EXPECT_EQ(SecretNameOf(provider), "");
  provider.aws->secret_ref = api::SecretRef{.name = "keys"};
  EXPECT_EQ(SecretNameOf(provider), "keys");
}

TEST(Clouds, WithoutFiltersTheWholeProjectIsLeft) {
  api::Provider provider;
  provider.gcp = api::GcpProvider{.project = "shop-prod",
                                  .zones = {"europe-west1-b"},
                                  .labels = {{"role", "web"}},
                                  .network = "default",
                                  .managed_instance_group = "web",
                                  .filter = "status = RUNNING"};
  api::Provider wide;
  wide.gcp = api::GcpProvider{.project = "shop-prod"};
  EXPECT_EQ(WithoutFilters(provider), wide);
  provider.gcp->secret_ref = api::SecretRef{.name = "key"};
  EXPECT_EQ(SecretNameOf(provider), "key");
}

TEST(Clouds, WithoutFiltersTheWholeSubscriptionIsLeft) {
  api::Provider provider;
  provider.azure = api::AzureProvider{.subscriptions = {"s"},
                                      .resource_groups = {"shop"},
                                      .locations = {"westeurope"},
                                      .tags = {{"role", "web"}},
                                      .scale_set = "web",
                                      .cloud = api::AzureEnvironment::kChina};
  api::Provider wide;
  wide.azure = api::AzureProvider{.subscriptions = {"s"}, .cloud = api::AzureEnvironment::kChina};
  EXPECT_EQ(WithoutFilters(provider), wide);
  EXPECT_EQ(SecretNameOf(provider), "");
  provider.azure->secret_ref = api::SecretRef{.name = "app"};
  EXPECT_EQ(SecretNameOf(provider), "app");
}

TEST(Clouds, WithoutFiltersAllServersOfAProjectAreLeft) {
  api::Provider provider;
  provider.openstack = api::OpenstackProvider{.region = "RegionOne",
                                              .project = "shop",
                                              .cloud = "shop",
                                              .metadata = {{"role", "web"}},
                                              .availability_zones = {"nova"},
                                              .networks = {"private"},
                                              .address = api::AddressChoice::kPublic};
  api::Provider wide;
  wide.openstack = api::OpenstackProvider{.region = "RegionOne",
                                          .project = "shop",
                                          .cloud = "shop",
                                          .address = api::AddressChoice::kPublic};
  EXPECT_EQ(WithoutFilters(provider), wide);
  std::map<std::string, api::Provider> alone;
  for (const Filter& filter : FiltersOf(provider)) {
    alone[filter.name] = filter.provider;
  }
  std::map<std::string, api::Provider> expected{
      {"metadata.role", wide}, {"availabilityZones", wide}, {"networks", wide}};
  expected["metadata.role"].openstack->metadata = {{"role", "web"}};
  expected["availabilityZones"].openstack->availability_zones = {"nova"};
  expected["networks"].openstack->networks = {"private"};
  EXPECT_EQ(alone, expected);
  provider.openstack->secret_ref = api::SecretRef{.name = "keys"};
  EXPECT_EQ(SecretNameOf(provider), "keys");
}

}  // namespace
}  // namespace slipway::cloud
