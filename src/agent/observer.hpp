#pragma once

#include <utility>
// <utility> first: Asio 1.74 needs it and does not include it.
#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "reconciler/base/clock.hpp"
#include "reconciler/host/planner.hpp"
#include "src/agent/layout.hpp"

namespace slipway::agent {

/// What is to be checked about a process, kept in the file `watch` of its directory, so that an
/// agent that was started again checks the same.
struct WatchSpec {
  api::Process process;  ///< its health.http.path is expanded
  std::string address;   ///< for health.http
  host::ReleaseId release;
};

/// JSON; kInvalid says what does not fit.
std::string EncodeWatchSpec(const WatchSpec& spec);
Result<WatchSpec> DecodeWatchSpec(const std::string& text);

class ProcessWatch;

/// Sees what runs on this server: processes by their locks, their ends at once, their health by
/// checks. Nothing here changes anything. No timer runs where nothing is to be checked. One thread.
class Observer {
 public:
  struct Options {
    Layout layout;
    std::string systemctl = "/usr/bin/systemctl";
    Duration slow_check{5'000};  ///< between checks of what has been healthy for long
  };

  /// `changed` is called when what is observed may mean something new for the planner.
  Observer(boost::asio::any_io_executor executor, Options options, const Clock& clock,
           std::function<void()> changed);
  ~Observer();
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;

  /// Looks at the directories and locks again. Blocks for a few file operations a process.
  void Look(const host::Journal& journal);

  /// A service was started or stopped by us; `directory` is that of its process.
  void ServiceChanged(const std::string& directory, bool running);

  const std::vector<host::Observed>& applications() const { return applications_; }
  const std::vector<host::Observed>& tests() const { return tests_; }

  /// Brings applications() and tests() up to date with the newest checks, without looking again.
  void Refresh();

  /// Ends all checks; nothing is called any more.
  void Stop();

 private:
  using Watches = std::map<std::string, std::shared_ptr<ProcessWatch>>;  ///< by process

  void LookAt(const std::string& directory, Watches& watches);
  void LookAtAll(const std::string& parent, std::map<std::string, Watches>& owners);

  boost::asio::any_io_executor executor_;
  Options options_;
  const Clock& clock_;
  std::function<void()> changed_;
  std::map<std::string, Watches> application_watches_;  ///< by application
  std::map<std::string, Watches> test_watches_;         ///< by gate run
  std::map<std::string, host::Observed> disk_;          ///< current and directories, by application
  std::vector<host::Observed> applications_;
  std::vector<host::Observed> tests_;
};

}  // namespace slipway::agent
