#include "tests/src/git/world.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "reconciler/base/rng.hpp"

namespace slipway::git::test {

namespace fs = std::filesystem;

Directory::Directory() {
  std::string name = (fs::temp_directory_path() / "slipway-git-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
  path_ = name;
}

Directory::~Directory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void WriteText(const std::string& path, const std::string& text) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  ASSERT_TRUE(file.flush()) << path;
}

std::string ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string ExecuteRaw(const std::vector<std::string>& argv, const std::string& input,
                       const std::string& directory) {
  process::ProcessRequest request;
  request.argv = argv;
  request.env = GitEnvironment();
  for (const char* more :
       {"GIT_AUTHOR_NAME=Ada Lovelace", "GIT_AUTHOR_EMAIL=ada@example.com",
        "GIT_COMMITTER_NAME=Ada Lovelace", "GIT_COMMITTER_EMAIL=ada@example.com",
        "GIT_AUTHOR_DATE=1700000000 +0000", "GIT_COMMITTER_DATE=1700000000 +0000",
        "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*"}) {
    request.env.emplace_back(more);
  }
  request.input = input;
  request.working_directory = directory;
  process::PosixProcessRunner runner;
  auto outcome = runner.Run(request);
  if (!outcome) {
    ADD_FAILURE() << outcome.error().message;
    return "";
  }
  std::string line;
  for (const std::string& word : argv) line += word + " ";
  EXPECT_TRUE(outcome.value().succeeded()) << line << "\n" << outcome.value().err;
  return outcome.value().out;
}

std::string Execute(const std::vector<std::string>& argv, const std::string& input,
                    const std::string& directory) {
  std::string out = ExecuteRaw(argv, input, directory);
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

Repository::Repository(std::string path) : path_(std::move(path)) {
  fs::create_directories(path_);
  Git({"init", "-q", "-b", "main", "."});
}

std::string Repository::Git(const std::vector<std::string>& arguments,
                            const std::string& input) const {
  std::vector<std::string> argv = {"git"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return Execute(argv, input, path_);
}

Commit Repository::Write(const std::string& file, const std::string& text,
                         const std::string& subject) {
  WriteText(path_ + "/" + file, text);
  Git({"add", "--", file});
  Git({"commit", "-q", "-m", subject});
  return Head();
}

Commit Repository::Head(const std::string& name) const {
  return Commit(Git({"rev-parse", name + "^{commit}"}));
}

Daemon::Daemon(const std::vector<std::string>& argv) {
  // It ends with the test program, however that ends.
  std::vector<std::string> words = {"setpriv", "--pdeathsig", "KILL"};
  words.insert(words.end(), argv.begin(), argv.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  if (::posix_spawnp(&pid_, pointers[0], nullptr, nullptr, pointers.data(), environ) != 0) {
    pid_ = -1;
  }
}

Daemon::~Daemon() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

bool Daemon::running() const {
  siginfo_t info = {};
  return pid_ > 0 &&
         ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == 0;
}

int FreePort() {
  int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ::bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(fd);
  return ntohs(address.sin_port);
}

bool Listens(int port, const Daemon& daemon) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  while (std::chrono::steady_clock::now() < end && daemon.running()) {
    int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool connected = ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
    ::close(fd);
    if (connected) return true;
    ::poll(nullptr, 0, 10);
  }
  return false;
}

std::string Noise(std::size_t bytes, std::uint64_t seed) {
  Rng rng(seed);
  std::string noise(bytes, '\0');
  for (char& byte : noise) byte = static_cast<char>(rng.Next() >> 56);
  return noise;
}

MirrorOptions Options(const Directory& directory, const std::string& mode) {
  MirrorOptions options;
  options.directory = directory / "mirrors";
  options.worker_argv = {GIT_TEST_CHILD, mode};
  options.allow_file = true;
  return options;
}

}  // namespace slipway::git::test
