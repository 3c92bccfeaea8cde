#include "src/app/data_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace slipway::app {
namespace {

using testing::HasSubstr;

class DataFolderTest : public testing::Test {
 protected:
  DataFolderTest() {
    std::string pattern = testing::TempDir() + "data-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~DataFolderTest() override { std::filesystem::remove_all(folder_); }

  static mode_t ModeOf(const std::string& path) {
    struct stat found {};
    EXPECT_EQ(stat(path.c_str(), &found), 0);
    return found.st_mode & 0777;
  }

  std::string folder_;
};

TEST_F(DataFolderTest, OneThatIsMissingIsMadeForItsOwnerAlone) {
  const std::string path = folder_ + "/deep/below/";
  ASSERT_TRUE(MakeDataFolder(path).has_value());
  EXPECT_EQ(ModeOf(path), 0700U);
  EXPECT_TRUE(MakeDataFolder(path).has_value());
}

TEST_F(DataFolderTest, OneThatOthersMayEnterIsRefusedAndNotTouched) {
  const std::string path = folder_ + "/shared";
  std::filesystem::create_directory(path);
  ASSERT_EQ(chmod(path.c_str(), 01777), 0);
  const auto made = MakeDataFolder(path);
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().code, Code::kForbidden);
  EXPECT_THAT(made.error().message, HasSubstr("`chmod 700 " + path + "`"));
  EXPECT_THAT(made.error().message, HasSubstr("--data-dir"));
  EXPECT_EQ(ModeOf(path), 0777U);
}

TEST_F(DataFolderTest, WhatIsNoFolderIsRefused) {
  const std::string path = folder_ + "/file";
  std::ofstream(path) << "text";
  EXPECT_THAT(MakeDataFolder(path).error().message, HasSubstr("is no folder"));
  EXPECT_FALSE(MakeDataFolder(path + "/below").has_value());
}

}  // namespace
}  // namespace slipway::app
