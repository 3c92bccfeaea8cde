#include "src/cloud/file/file_cloud.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "src/cloud/file/server_list.hpp"

namespace slipway::cloud {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

class FileCloudTest : public ::testing::Test {
 protected:
  FileCloudTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "lists.XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~FileCloudTest() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
  }

  std::string At(const std::string& name) const { return (folder_ / name).string(); }

  static Result<std::vector<runtime::ListedServer>> List(const std::string& path,
                                                         std::set<std::string> allowed) {
    FileCloud cloud(std::move(allowed));
    api::Provider provider;
    provider.static_ = api::StaticProvider{.file = path};
    return cloud.List(provider, {});
  }

  /// The reason and the message, of a file that may be read.
  static std::string Trouble(const std::string& path) {
    const auto listed = List(path, {path});
    EXPECT_FALSE(listed.has_value());
    return listed.has_value() ? ""
                              : runtime::ReasonOf(listed.error()) + ": " + listed.error().message;
  }

  std::filesystem::path folder_;
};

TEST_F(FileCloudTest, ListsWhatStandsInTheFileAlsoBehindALink) {
  Write("data", "servers: [{name: web-1}, {name: web-2}]");
  std::filesystem::create_symlink("data", folder_ / "servers.yaml");
  const auto listed = List(At("servers.yaml"), {At("servers.yaml")});
  ASSERT_TRUE(listed.has_value()) << listed.error().message;
  EXPECT_THAT(listed.value(), SizeIs(2));
}

TEST_F(FileCloudTest, OnlyWhatIsAllowedIsReadAndNothingIsSaidOfTheRest) {
  Write("secret", "servers: []");
  for (const std::string& path : {At("secret"), At("none"), At("./servers.yaml")}) {
    const auto listed = List(path, {At("servers.yaml")});
    ASSERT_FALSE(listed.has_value());
    EXPECT_EQ(runtime::ReasonOf(listed.error()), "NotAllowed");
    EXPECT_EQ(listed.error().message, "This control plane may not read \"" + path +
                                          "\": start it with --allow-server-list '" + path +
                                          "', or name a file that it may read.");
  }
}

TEST_F(FileCloudTest, EachTroubleHasAReasonAndThePath) {
  EXPECT_THAT(Trouble(At("none")), StartsWith("NotFound: " + At("none") + " is not there"));
  EXPECT_THAT(Trouble(folder_.string()), StartsWith("ListInvalid: " + folder_.string()));
  Write("broken", "servers:\n- {name: web-1\n");
  EXPECT_THAT(Trouble(At("broken")),
              StartsWith("ListInvalid: " + At("broken") + " is no list of servers: line 2, "));
  Write("large", std::string(kMaxServerListBytes + 1, '#'));
  EXPECT_THAT(Trouble(At("large")), StartsWith("ListInvalid: " + At("large") + " has more than"));
  if (::geteuid() != 0) {
    Write("closed", "servers: []");
    std::filesystem::permissions(folder_ / "closed", std::filesystem::perms::none);
    EXPECT_THAT(Trouble(At("closed")),
                StartsWith("ListFailed: " + At("closed") + " cannot be opened"));
  }
}

}  // namespace
}  // namespace slipway::cloud
