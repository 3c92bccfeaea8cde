#include "src/process/small_file.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace slipway::process {

Result<std::string> ReadSmallFile(const std::string& path, std::size_t max_bytes) {
  std::error_code error;
  const auto kind = std::filesystem::status(path, error).type();
  if (kind == std::filesystem::file_type::not_found) {
    return Fail(Code::kNotFound, path + " is not there");
  }
  if (kind == std::filesystem::file_type::none) {
    return Fail(Code::kForbidden, path + " cannot be looked at: " + error.message());
  }
  // A device as well: /dev/null is how people say "none".
  if (kind != std::filesystem::file_type::regular &&
      kind != std::filesystem::file_type::character) {
    return Fail(Code::kInvalid, path + " is no file");
  }
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  if (!stream) {
    return Fail(Code::kForbidden, path + " cannot be opened: " + std::strerror(errno));
  }
  std::string text;
  std::array<char, 4096> part{};
  while (stream.read(part.data(), part.size()) || stream.gcount() > 0) {
    text.append(part.data(), static_cast<std::size_t>(stream.gcount()));
    if (text.size() > max_bytes) {
      return Fail(Code::kTooLarge, path + " has more than " + std::to_string(max_bytes) + " bytes");
    }
  }
  if (stream.bad()) {
    return Fail(Code::kUnavailable, path + " cannot be read to its end");
  }
  return text;
}

}  // namespace slipway::process
