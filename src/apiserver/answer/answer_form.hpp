#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "src/http/exchange.hpp"

// How the bytes of an answer are put for who asked. Functions are pure and thread-safe, objects are for one thread at a time.
namespace slipway::apiserver {

/// Whether JSON shall have lines and indents: where `pretty` says so, or where it says nothing and people
/// are likely to read it (curl, wget, a browser).
bool WantsLines(const http::RequestHead& head);

/// Gives JSON text a line for each value and two spaces for each level. What is no JSON stays readable, no more.
class Lines {
 public:
  /// The next part of the text with its lines. Parts end between tokens, and not behind a bracket that opens.
  std::string Take(std::string_view json);

 private:
  void TakeToken();
  void TakeText();
  void Open(char letter);
  void NewLine();

  std::string_view json_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::string out_;
};

/// All of a text with lines.
std::string WithLines(std::string_view json);

/// Packs text with gzip.
class Packer {
 public:
  Packer();
  ~Packer();
  Packer(const Packer&) = delete;
  Packer& operator=(const Packer&) = delete;

  /// The next bytes of what is packed, which may be none before the last; nullopt: zlib has no memory for it.
  std::optional<std::string> Take(std::string_view plain, bool last);

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;
};

/// Whether a body of at least so many bytes is to be packed for who asks.
bool IsToBePacked(const http::RequestHead& head, std::size_t bytes);

/// Says in the headers that the body is packed.
void SayPacked(http::Response& response);

/// Packs a body that is large enough to be worth it, where the client takes gzip, and says so in the headers.
void Pack(const http::RequestHead& head, http::Response& response);

}  // namespace slipway::apiserver
