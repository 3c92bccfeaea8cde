#include "src/cloud/open_clouds.hpp"

#include <condition_variable>
#include <mutex>
#include <utility>

#include "src/cloud/aws/aws_cloud.hpp"
#include "src/cloud/azure/azure_cloud.hpp"
#include "src/cloud/clouds.hpp"
#include "src/cloud/environment.hpp"
#include "src/cloud/file/file_cloud.hpp"
#include "src/cloud/gcp/gcp_cloud.hpp"
#include "src/cloud/openstack/openstack_cloud.hpp"
#include "src/process/small_file.hpp"
#include "src/rest/client.hpp"

namespace slipway::cloud {
namespace {

constexpr std::size_t kMostAuthorityBytes = std::size_t{4} << 20;

/// A client as the environment wants it for one provider: `bundle` is the variable that names a file of authorities for its tools.
Result<std::unique_ptr<rest::Client>> OpenWeb(const Environment& environment,
                                              const std::string& bundle) {
  rest::ClientOptions ways = rest::OptionsFrom(environment);
  if (const std::string file = Variable(environment, bundle); !file.empty()) {
    auto authorities = process::ReadSmallFile(file, kMostAuthorityBytes);
    if (!authorities.has_value()) {
      return Fail(Code::kInvalid, bundle + ": " + authorities.error().message);
    }
    ways.ca_pem = std::move(authorities.value());
  }
  auto client = rest::MakeClient(std::move(ways));
  if (!client.has_value()) {
    return Fail(Code::kInvalid,
                "https_proxy, http_proxy or a file of authorities: " + client.error().message);
  }
  return client;
}

/// What has no way out: says why.
class NoClient final : public rest::Client {
 public:
  explicit NoClient(std::string why) : why_(std::move(why)) {}

  Result<rest::Response> Send(const rest::Request& /*request*/) override {
    return Fail(Code::kInvalid, why_);
  }

 private:
  const std::string why_;
};

std::unique_ptr<rest::Client> Opened(Result<std::unique_ptr<rest::Client>> client) {
  return client.has_value()
             ? std::move(client.value())
             : std::make_unique<NoClient>("the environment of this process cannot be used: " +
                                          client.error().message);
}

/// Everything that the providers stand on, and they.
class OpenedClouds final : public CloudApi {
 public:
  OpenedClouds(CloudOptions options, process::ProcessRunner& runner, const Clock& clock)
      : web_of_aws_(Opened(OpenWeb(options.environment, "AWS_CA_BUNDLE"))),
        web_of_gcp_(Opened(OpenWeb(options.environment, "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE"))),
        web_of_azure_(Opened(OpenWeb(options.environment, "REQUESTS_CA_BUNDLE"))),
        web_of_openstack_(Opened(OpenWeb(options.environment, "OS_CACERT"))),
        metadata_(Opened(rest::MakeClient({}))),
        exec_(runner, std::move(options.allowed_programs), std::move(options.on_complaint)),
        file_(std::move(options.allowed_files)),
        aws_({.web = *web_of_aws_, .metadata = *metadata_, .processes = runner, .clock = clock},
             {.environment = options.environment, .limits = {}, .seed = options.seed},
             [this](Duration length) { return WaitFor(length); }),
        gcp_({.web = *web_of_gcp_, .metadata = *metadata_, .clock = clock},
             {.environment = options.environment, .limits = {}, .seed = options.seed},
             [this](Duration length) { return WaitFor(length); }),
        azure_({.web = *web_of_azure_, .metadata = *metadata_, .clock = clock},
               {.environment = options.environment, .limits = {}, .seed = options.seed},
               [this](Duration length) { return WaitFor(length); }),
        openstack_(
            {.web = *web_of_openstack_, .metadata = *metadata_, .clock = clock},
            {.environment = std::move(options.environment), .limits = {}, .seed = options.seed},
            [this](Duration length) { return WaitFor(length); }) {}

  void Stop() override {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    stopping_.notify_all();
  }

  Result<std::vector<runtime::ListedServer>> List(const api::Provider& provider,
                                                  const SecretData& secret) override {
    return clouds_.List(provider, secret);
  }

  Result<std::vector<runtime::ListedServer>> ListKnowing(const std::vector<std::string>& known,
                                                         const api::Provider& provider,
                                                         const SecretData& secret) override {
    return clouds_.ListKnowing(known, provider, secret);
  }

  Examination Examine(const api::Provider& provider, const SecretData& secret) override {
    return clouds_.Examine(provider, secret);
  }

  Result<void> CompleteLaunch(const runtime::CompleteLaunch& launch, const SecretData& secret,
                              MonoTime deadline) override {
    return clouds_.CompleteLaunch(launch, secret, deadline);
  }

 private:
  bool WaitFor(Duration length) {
    std::unique_lock lock(mutex_);
    return !stopping_.wait_for(lock, length, [this] { return stopped_; });
  }

  std::mutex mutex_;
  std::condition_variable stopping_;
  bool stopped_ = false;
  std::unique_ptr<rest::Client> web_of_aws_;
  std::unique_ptr<rest::Client> web_of_gcp_;
  std::unique_ptr<rest::Client> web_of_azure_;
  std::unique_ptr<rest::Client> web_of_openstack_;
  std::unique_ptr<rest::Client> metadata_;  ///< of this machine: no proxy stands before it
  ExecCloud exec_;
  FileCloud file_;
  aws::AwsCloud aws_;
  gcp::GcpCloud gcp_;
  azure::AzureCloud azure_;
  openstack::OpenstackCloud openstack_;
  Clouds clouds_{{{"exec", exec_},
                  {"static", file_},
                  {"aws", aws_},
                  {"gcp", gcp_},
                  {"azure", azure_},
                  {"openstack", openstack_}}};
};

}  // namespace

std::unique_ptr<CloudApi> OpenClouds(CloudOptions options, process::ProcessRunner& runner,
                                     const Clock& clock) {
  return std::make_unique<OpenedClouds>(std::move(options), runner, clock);
}

}  // namespace slipway::cloud
