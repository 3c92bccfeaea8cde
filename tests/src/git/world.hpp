#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "src/git/mirror.hpp"
#include "src/process/process_runner.hpp"

/// What the tests of src/git are played in: real directories, the real git program, real servers on the loopback.
namespace slipway::git::test {

/// A directory of its own under the system's temporary one; deleted at the end.
class Directory {
 public:
  Directory();
  ~Directory();
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

void WriteText(const std::string& path, const std::string& text);
std::string ReadText(const std::string& path);

/// Runs a program and returns its standard output; fails the test when it fails.
std::string ExecuteRaw(const std::vector<std::string>& argv, const std::string& input = "",
                       const std::string& directory = "");

/// The same without the last line break.
std::string Execute(const std::vector<std::string>& argv, const std::string& input = "",
                    const std::string& directory = "");

/// A repository that the test commits to, with the git program. Times and names are fixed, so ids are the same at every run.
class Repository {
 public:
  explicit Repository(std::string path);

  const std::string& path() const { return path_; }
  std::string url() const { return "file://" + path_; }

  /// `git <arguments>` in it.
  std::string Git(const std::vector<std::string>& arguments, const std::string& input = "") const;

  /// Writes a file and commits it on the branch that is checked out.
  Commit Write(const std::string& file, const std::string& text,
               const std::string& subject = "change");

  Commit Head(const std::string& name = "HEAD") const;

 private:
  std::string path_;
};

/// A program that runs until the object goes.
class Daemon {
 public:
  explicit Daemon(const std::vector<std::string>& argv);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  bool running() const;

 private:
  pid_t pid_ = -1;
};

/// A port that nothing listens on now.
int FreePort();

/// Whether something accepts connections on 127.0.0.1 within half a minute, while `daemon` runs.
bool Listens(int port, const Daemon& daemon);

/// Random bytes, the same for the same seed; git cannot compress them.
std::string Noise(std::size_t bytes, std::uint64_t seed);

/// How the tests run the git worker, or another mode of tests/src/git/child.cpp.
MirrorOptions Options(const Directory& directory, const std::string& mode = "git-worker");

}  // namespace slipway::git::test
