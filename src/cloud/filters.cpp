#include "src/cloud/filters.hpp"

#include <utility>

namespace slipway::cloud {
namespace {

/// Puts to the others what narrows the list down by itself.
class Filters {
 public:
  explicit Filters(const api::Provider& provider) : bare_(WithoutFilters(provider)) {}

  /// Where `set`, a filter that `keep` takes over.
  template <typename Keep>
  void Add(bool set, std::string name, const Keep& keep) {
    if (set) {
      filters_.push_back({.name = std::move(name), .provider = bare_});
      keep(filters_.back().provider);
    }
  }

  std::vector<Filter> End() { return std::move(filters_); }

 private:
  const api::Provider bare_;
  std::vector<Filter> filters_;
};

std::vector<Filter> FiltersOf(const api::Provider& provider, const api::AwsProvider& aws) {
  Filters filters(provider);
  for (const auto& [key, value] : aws.tags) {
    filters.Add(true, "tags." + key, [&](api::Provider& one) { one.aws->tags[key] = value; });
  }
  filters.Add(!aws.vpc.empty(), "vpc", [&](api::Provider& one) { one.aws->vpc = aws.vpc; });
  filters.Add(!aws.auto_scaling_group.empty(), "autoScalingGroup",
              [&](api::Provider& one) { one.aws->auto_scaling_group = aws.auto_scaling_group; });
  for (const auto& filter : aws.filters) {
    filters.Add(true, "filters." + filter.name,
                [&](api::Provider& one) { one.aws->filters = {filter}; });
  }
  return filters.End();
}

std::vector<Filter> FiltersOf(const api::Provider& provider, const api::GcpProvider& gcp) {
  Filters filters(provider);
  filters.Add(!gcp.zones.empty(), "zones", [&](api::Provider& one) { one.gcp->zones = gcp.zones; });
  for (const auto& [key, value] : gcp.labels) {
    filters.Add(true, "labels." + key, [&](api::Provider& one) { one.gcp->labels[key] = value; });
  }
  filters.Add(!gcp.network.empty(), "network",
              [&](api::Provider& one) { one.gcp->network = gcp.network; });
  filters.Add(!gcp.managed_instance_group.empty(), "managedInstanceGroup", [&](api::Provider& one) {
    one.gcp->managed_instance_group = gcp.managed_instance_group;
  });
  filters.Add(!gcp.filter.empty(), "filter",
              [&](api::Provider& one) { one.gcp->filter = gcp.filter; });
  return filters.End();
}

std::vector<Filter> FiltersOf(const api::Provider& provider, const api::AzureProvider& azure) {
  Filters filters(provider);
  filters.Add(!azure.resource_groups.empty(), "resourceGroups",
              [&](api::Provider& one) { one.azure->resource_groups = azure.resource_groups; });
  filters.Add(!azure.locations.empty(), "locations",
              [&](api::Provider& one) { one.azure->locations = azure.locations; });
  for (const auto& [key, value] : azure.tags) {
    filters.Add(true, "tags." + key, [&](api::Provider& one) { one.azure->tags[key] = value; });
  }
  filters.Add(!azure.scale_set.empty(), "scaleSet",
              [&](api::Provider& one) { one.azure->scale_set = azure.scale_set; });
  return filters.End();
}

std::vector<Filter> FiltersOf(const api::Provider& provider,
                              const api::OpenstackProvider& openstack) {
  Filters filters(provider);
  for (const auto& [key, value] : openstack.metadata) {
    filters.Add(true, "metadata." + key,
                [&](api::Provider& one) { one.openstack->metadata[key] = value; });
  }
  filters.Add(!openstack.availability_zones.empty(), "availabilityZones", [&](api::Provider& one) {
    one.openstack->availability_zones = openstack.availability_zones;
  });
  filters.Add(!openstack.networks.empty(), "networks",
              [&](api::Provider& one) { one.openstack->networks = openstack.networks; });
  return filters.End();
}

}  // namespace

api::Provider WithoutFilters(api::Provider provider) {
  if (provider.aws) {
    provider.aws->tags.clear();
    provider.aws->vpc.clear();
    provider.aws->auto_scaling_group.clear();
    provider.aws->filters.clear();
  }
  if (provider.gcp) {
    provider.gcp->zones.clear();
    provider.gcp->labels.clear();
    provider.gcp->network.clear();
    provider.gcp->managed_instance_group.clear();
    provider.gcp->filter.clear();
  }
  if (provider.azure) {
    provider.azure->resource_groups.clear();
    provider.azure->locations.clear();
    provider.azure->tags.clear();
    provider.azure->scale_set.clear();
  }
  if (provider.openstack) {
    provider.openstack->metadata.clear();
    provider.openstack->availability_zones.clear();
    provider.openstack->networks.clear();
  }
  return provider;
}

std::vector<Filter> FiltersOf(const api::Provider& provider) {
  if (provider.aws) {
    return FiltersOf(provider, *provider.aws);
  }
  if (provider.gcp) {
    return FiltersOf(provider, *provider.gcp);
  }
  if (provider.azure) {
    return FiltersOf(provider, *provider.azure);
  }
  return provider.openstack ? FiltersOf(provider, *provider.openstack) : std::vector<Filter>();
}

}  // namespace slipway::cloud
