#include "tests/src/agent/support.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace slipway::agent::test {

bool Eventually(const std::function<bool()>& holds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) {
      return false;
    }
    ::poll(nullptr, 0, 5);
  }
  return true;
}

bool Lives(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  const std::string text{std::istreambuf_iterator<char>(stat), std::istreambuf_iterator<char>()};
  const std::size_t name_end = text.rfind(')');
  return pid > 0 && name_end != std::string::npos && text.substr(name_end + 2, 1) != "Z";
}

bool HasOpen(pid_t pid, const std::string& part) {
  std::error_code gone;
  const std::filesystem::directory_iterator descriptors("/proc/" + std::to_string(pid) + "/fd",
                                                        gone);
  for (const auto& descriptor : descriptors) {
    if (std::filesystem::read_symlink(descriptor, gone).string().find(part) != std::string::npos) {
      return true;
    }
  }
  return false;
}

pid_t PidIn(const std::string& path) {
  std::ifstream file(path);
  pid_t pid = 0;
  file >> pid;
  return file ? pid : 0;
}

int CountIn(const std::string& path, const std::string& text) {
  std::ifstream file(path);
  const std::string all{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  int count = 0;
  for (std::size_t at = all.find(text); at != std::string::npos; at = all.find(text, at + 1)) {
    ++count;
  }
  return count;
}

Process::Process(const std::vector<std::string>& argv, const std::string& errors) {
  int in[2];
  int out[2];
  if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0) {
    throw std::runtime_error("no pipes");
  }
  std::vector<char*> arguments;
  for (const std::string& argument : argv) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(in[0], 0);
    ::dup2(out[1], 1);
    if (!errors.empty()) {
      ::dup2(::open(errors.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644), 2);
    }
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  ::close(in[0]);
  ::close(out[1]);
  input_ = in[1];
  output_ = out[0];
}

Process::~Process() {
  CloseInput();
  if (!status_) {
    Signal(SIGKILL);
    Wait();
  }
  ::close(output_);
}

void Process::Write(const std::string& text) {
  ASSERT_EQ(::write(input_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

void Process::CloseInput() {
  if (input_ >= 0) {
    ::close(input_);
    input_ = -1;
  }
}

void Process::Signal(int signal) const { ::kill(pid_, signal); }

int Process::Wait() {
  if (!status_) {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    status_ = status;
  }
  return WIFEXITED(*status_) ? WEXITSTATUS(*status_) : -1;
}

std::string Process::ReadAll() {
  std::string text;
  char buffer[4'096];
  ssize_t got = 0;
  while ((got = ::read(output_, buffer, sizeof buffer)) > 0) {
    text.append(buffer, static_cast<std::size_t>(got));
  }
  return text;
}

std::string Process::ReadLine() {
  std::string line;
  char character = 0;
  while (::read(output_, &character, 1) == 1 && character != '\n') {
    line += character;
  }
  return line;
}

StepReply RunStepProgram(const StepSpec& spec) {
  Process process({SLIPWAY_AGENT_PROGRAM, "run-step"});
  process.Write(EncodeStepSpec(spec) + "\n");
  const Result<StepReply> reply = DecodeStepReply(process.ReadAll());
  EXPECT_TRUE(reply);
  EXPECT_EQ(process.Wait(), 0);
  return reply ? reply.value() : StepReply{};
}

StepSpec ShellStep(const std::string& command) {
  StepSpec spec;
  spec.launch = {
      .argv = {"/bin/sh", "-c", command}, .directory = "/", .env = {"PATH=/usr/bin:/bin"}};
  return spec;
}

SuperviseSpec ShellProcess(const std::string& command) {
  SuperviseSpec spec;
  spec.launch = ShellStep(command).launch;
  spec.release = {.commit = Commit(std::string(40, 'a')),
                  .hash = ReleaseHash(std::string(64, 'b'))};
  return spec;
}

void WriteSpec(const std::string& directory, const SuperviseSpec& spec) {
  std::filesystem::create_directories(directory);
  WriteText(directory + "/spec", EncodeSuperviseSpec(spec));
}

SupervisorProcess::SupervisorProcess(const std::string& directory)
    : process({SLIPWAY_AGENT_PROGRAM, "supervise", directory}) {
  said = process.ReadLine();
}

}  // namespace slipway::agent::test
