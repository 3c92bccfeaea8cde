#include "src/kube/kubeconfig.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace slipway::kube {
namespace {

/// A folder of its own, and an environment that names no kubeconfig.
class Kubeconfig : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string made = ::testing::TempDir() + "kubeconfig-XXXXXX";
    ASSERT_NE(mkdtemp(made.data()), nullptr);
    folder_ = made;
    unsetenv("KUBECONFIG");
    setenv("SLIPWAY_DATA_DIR", folder_.c_str(), 1);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }
  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    return Path(name);
  }

  std::filesystem::path folder_;
};

TEST_F(Kubeconfig, IsThatOfTheFlagThenOfTheEnvironmentThenOfTheDataDirectory) {
  const std::string fallback = Write("admin.kubeconfig", "x");
  const std::string named = Write("named", "x");
  EXPECT_EQ(FindKubeconfig("").value(), fallback);
  setenv("KUBECONFIG", (Path("none") + "::" + named + ":" + fallback).c_str(), 1);
  EXPECT_EQ(FindKubeconfig("").value(), named);
  EXPECT_EQ(FindKubeconfig("/of/the/flag").value(), "/of/the/flag");
}

TEST_F(Kubeconfig, ThatIsNamedAndMissingIsNotReplacedByAnother) {
  Write("admin.kubeconfig", "x");
  setenv("KUBECONFIG", Path("none").c_str(), 1);
  const auto found = FindKubeconfig("");
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, Code::kInvalid);
  EXPECT_NE(found.error().message.find(Path("none")), std::string::npos);
}

TEST_F(Kubeconfig, ThatIsNowhereSaysWhereItWasLookedFor) {
  const auto found = FindKubeconfig("");
  ASSERT_FALSE(found.has_value());
  EXPECT_NE(found.error().message.find(Path("admin.kubeconfig")), std::string::npos);
  EXPECT_NE(found.error().message.find("set KUBECONFIG"), std::string::npos);
}

TEST_F(Kubeconfig, GivesTheCurrentContext) {
  Write("ca.pem", "the CA");
  const std::string path = Write("config", R"(
current-context: here
contexts:
- {name: there, context: {cluster: a, user: a}}
- {name: here, context: {cluster: b, user: b, namespace: shop}}
clusters:
- {name: a, cluster: {server: "https://a"}}
- {name: b, cluster: {server: "https://b:7443/", certificate-authority: ca.pem}}
users:
- {name: b, user: {client-certificate-data: Y2VydA==, token: secret}}
)");
  const auto connection = LoadKubeconfig(path);
  ASSERT_TRUE(connection.has_value()) << connection.error().message;
  EXPECT_EQ(connection.value().server, "https://b:7443");
  EXPECT_EQ(connection.value().ca_pem, "the CA");
  EXPECT_EQ(connection.value().client_certificate_pem, "cert");
  EXPECT_EQ(connection.value().client_key_pem, "");
  EXPECT_EQ(connection.value().token, "secret");
  EXPECT_EQ(connection.value().ns, "shop");
}

TEST_F(Kubeconfig, DataThatIsNoBase64IsRefusedByItsField) {
  for (const std::string data : {"====", "Y2=y", "Y2VydA", "%%%%"}) {
    const std::string path = Write("config", R"(
current-context: here
contexts: [{name: here, context: {cluster: b, user: b}}]
clusters: [{name: b, cluster: {server: "https://b"}}]
users: [{name: b, user: {client-certificate-data: ")" +
                                                 data + R"("}}]
)");
    const auto connection = LoadKubeconfig(path);
    ASSERT_FALSE(connection.has_value()) << data;
    EXPECT_EQ(connection.error().code, Code::kInvalid) << data;
    EXPECT_NE(connection.error().message.find("client-certificate-data"), std::string::npos);
  }
}

TEST_F(Kubeconfig, ThatIsBrokenSaysWhatIsWrongInItsOwnWords) {
  for (const auto& [text, fault] : std::vector<std::pair<std::string, std::string>>{
           {"just words", "it must hold clusters, contexts, users and current-context"},
           {"a: b\n c: {", "line 2: is not YAML"},
           {"contexts: 7", "contexts: must be a list"},
           {"contexts: [7]", "contexts: each must hold name and context"},
           {"contexts: [{name: a, context: b}]", "contexts: each must hold name and context"},
           {"current-context: a\ncontexts: [{name: a, context: {cluster: c}}]\n"
            "clusters: [{name: c, cluster: {server: [1]}}]",
            "line 3: must be text"}}) {
    const std::string path = Write("config", text);
    const std::string message = LoadKubeconfig(path).error().message;
    EXPECT_NE(message.find(fault), std::string::npos) << message;
    EXPECT_EQ(message.find("yaml-cpp"), std::string::npos) << message;
  }
}

TEST_F(Kubeconfig, ThatIsNoneIsRefusedByName) {
  for (const std::string text : {"", "just words", "{", "current-context: gone", "contexts: 7"}) {
    const std::string path = Write("config", text);
    const auto connection = LoadKubeconfig(path);
    ASSERT_FALSE(connection.has_value()) << text;
    EXPECT_EQ(connection.error().code, Code::kInvalid) << text;
    EXPECT_NE(connection.error().message.find(path), std::string::npos) << text;
  }
  EXPECT_FALSE(LoadKubeconfig(Path("none")).has_value());
  EXPECT_FALSE(LoadKubeconfig(folder_.string()).has_value());
}

}  // namespace
}  // namespace slipway::kube
