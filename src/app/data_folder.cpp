#include "src/app/data_folder.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace slipway::app {
namespace {

constexpr mode_t kOwnerOnly = 0700;
constexpr mode_t kOthers = 0077;

Error Refuse(const std::string& path, const std::string& why, const std::string& advice) {
  return Fail(Code::kForbidden, path + ": " + why + "; " + advice);
}

}  // namespace

Result<void> MakeDataFolder(const std::string& path) {
  const std::string other = "choose another folder with --data-dir";
  std::string name = path;
  while (name.size() > 1 && name.back() == '/') {
    name.pop_back();
  }
  std::error_code ignored;  // mkdir says what is wrong
  std::filesystem::create_directories(std::filesystem::absolute(name).parent_path(), ignored);
  if (::mkdir(name.c_str(), kOwnerOnly) == 0) {
    return Ok();
  }
  const int why = errno;
  struct stat found {};
  if (why != EEXIST || ::stat(name.c_str(), &found) != 0) {
    return Refuse(path, std::string("cannot be made: ") + std::strerror(why), other);
  }
  if (!S_ISDIR(found.st_mode)) {
    return Refuse(path, "is no folder", other);
  }
  if (found.st_uid != ::geteuid()) {
    return Refuse(path, "belongs to another user", other);
  }
  if ((found.st_mode & kOthers) != 0) {
    return Refuse(path, "others may enter it, and keys are kept there",
                  "`chmod 700 " + path + "` if it is for nothing else, or " + other);
  }
  return Ok();
}

}  // namespace slipway::app
