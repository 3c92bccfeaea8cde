#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <istream>
#include <iterator>
#include <ostream>
#include <pugixml.hpp>
#include <vector>

#include "reconciler/host/journal.hpp"
#include "src/agent/files.hpp"
#include "src/agent/junit.hpp"

namespace slipway::agent {
namespace {

constexpr std::size_t kMaxFiles = 1'000;
constexpr off_t kMaxFileBytes = 16L << 20;
constexpr std::size_t kMaxNameBytes = 512;
constexpr std::size_t kMaxMessageBytes = 1'024;
constexpr int kMaxDepth = 64;

/// At most `most` bytes, cut between UTF-8 characters.
std::string Cut(std::string text, std::size_t most) {
  if (text.size() <= most) {
    return text;
  }
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U) {
    --most;
  }
  return text.substr(0, most);
}

std::vector<std::string> FindFiles(const JunitRequest& request) {
  std::vector<std::string> files;
  if (request.pattern.empty() || request.pattern[0] == '/' ||
      request.pattern.find("..") != std::string::npos) {
    return files;
  }
  glob_t found{};
  const std::string pattern = request.directory + "/" + request.pattern;
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    for (std::size_t i = 0; i < found.gl_pathc && files.size() < kMaxFiles; ++i) {
      files.emplace_back(found.gl_pathv[i]);
    }
  }
  ::globfree(&found);
  return files;
}

/// A regular file of bounded size; empty where it is not one.
std::string ReadReport(const std::string& path, std::string& error) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat info {};
  if (!file.open() || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    error = path + ": is not a file that can be read";
    return "";
  }
  if (info.st_size > kMaxFileBytes) {
    error = path + ": has more than 16 MiB";
    return "";
  }
  std::string text(static_cast<std::size_t>(info.st_size), '\0');
  const ssize_t got = ::pread(file.get(), text.data(), text.size(), 0);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text;
}

std::string NameOf(const pugi::xml_node& test) {
  const std::string name = test.attribute("name").as_string();
  const std::string owner = test.attribute("classname").as_string();
  return Cut(owner.empty() ? name : owner + "." + name, kMaxNameBytes);
}

void CountCase(const pugi::xml_node& test, const std::string& suite, JunitReply& reply) {
  ++reply.tests;
  const pugi::xml_node error = test.child("error");
  const pugi::xml_node failure = test.child("failure");
  if (!error && !failure) {
    reply.skipped += test.child("skipped") ? 1 : 0;
    return;
  }
  ++(error ? reply.errors : reply.failures);
  if (reply.cases.size() < host::kMaxCaseFailures) {
    const pugi::xml_node& said = error ? error : failure;
    std::string message = said.attribute("message").as_string();
    if (message.empty()) {
      message = said.text().as_string();
    }
    reply.cases.push_back(
        {.suite = suite, .name = NameOf(test), .message = Cut(message, kMaxMessageBytes)});
  }
}

void CountBelow(const pugi::xml_node& node, const std::string& suite, int depth,
                JunitReply& reply) {
  for (const pugi::xml_node& child : node.children()) {
    const std::string name = child.name();
    if (name == "testcase") {
      CountCase(child, suite, reply);
    } else if ((name == "testsuite" || name == "testsuites") && depth < kMaxDepth) {
      CountBelow(child, suite, depth + 1, reply);
    }
  }
}

}  // namespace

JunitReply ReadJunit(const JunitRequest& request) {
  JunitReply reply;
  for (const std::string& path : FindFiles(request)) {
    std::string error;
    const std::string text = ReadReport(path, error);
    if (error.empty()) {
      ++reply.files;
      pugi::xml_document document;
      const pugi::xml_parse_result parsed = document.load_buffer(text.data(), text.size());
      if (parsed) {
        CountBelow(document, request.suite, 0, reply);
      } else {
        error = path + ": is no XML: " + parsed.description();
      }
    }
    if (reply.error.empty()) {
      reply.error = error;
    }
  }
  return reply;
}

int RunJunit(std::istream& in, std::ostream& out) {
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  const Result<JunitRequest> request = DecodeJunitRequest(text);
  JunitReply reply;
  if (request) {
    reply = ReadJunit(request.value());
  } else {
    reply.error = request.error().message;
  }
  out << EncodeJunitReply(reply);
  out.flush();
  return out ? 0 : 1;
}

}  // namespace slipway::agent
