#include "src/store/data_file.hpp"

#include <gtest/gtest.h>

#include <string>

#include "tests/contract/stores.hpp"

namespace slipway::store {
namespace {

TEST(DataFile, ACommitIsOnTheDiskBeforeItReturns) {
  constexpr std::int64_t kFull = 2;
  const TemporaryDirectory directory;
  auto file = DataFile::Open(directory / "store.db", Time());
  ASSERT_TRUE(file) << file.error().message;
  Database& writer = file.value().writer();
  EXPECT_EQ(writer.Number("PRAGMA synchronous").value(), kFull);
  EXPECT_EQ(writer.Text("PRAGMA journal_mode").value(), "wal");
}

}  // namespace
}  // namespace slipway::store
