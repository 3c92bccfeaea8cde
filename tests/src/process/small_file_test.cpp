#include "src/process/small_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/src/git/world.hpp"

namespace slipway::process {
namespace {

using git::test::Directory;
using git::test::WriteText;

TEST(SmallFile, IsReadWholeOrNotAtAll) {
  const Directory folder;
  const std::string path = folder / "list";
  EXPECT_EQ(ReadSmallFile(path, 10).error().code, Code::kNotFound);
  WriteText(path, "0123456789");
  EXPECT_EQ(ReadSmallFile(path, 10).value(), "0123456789");
  EXPECT_EQ(ReadSmallFile(path, 9).error().code, Code::kTooLarge);
  EXPECT_EQ(ReadSmallFile(path + "/below", 9).error().code, Code::kNotFound);
  EXPECT_EQ(ReadSmallFile(folder.path(), 9).error().message, folder.path() + " is no file");
  EXPECT_EQ(ReadSmallFile("/dev/null", 9).value(), "");
}

TEST(SmallFile, NobodyWaitsForAPipe) {
  const Directory folder;
  const std::string path = folder / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(ReadSmallFile(path, 10).error().message, path + " is no file");
}

}  // namespace
}  // namespace slipway::process
