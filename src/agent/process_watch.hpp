#pragma once

#include <utility>
// <utility> first: Asio 1.74 needs it and does not include it.
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "reconciler/base/clock.hpp"
#include "reconciler/host/planner.hpp"
#include "src/agent/observer.hpp"
#include "src/agent/supervise.hpp"

namespace slipway::agent {

/// One process of an application: whether it runs, and how it does. Lives as long as its checks do
/// (they hold it), so it is made by std::make_shared. One thread.
class ProcessWatch : public std::enable_shared_from_this<ProcessWatch> {
 public:
  ProcessWatch(boost::asio::any_io_executor executor, std::string directory,
               const Observer::Options& options, const Clock& clock, std::function<void()> changed);

  /// Reads the directory and the lock again; begins and ends checks accordingly.
  void Look();

  /// The service was started or stopped by us: whatever was known of it is of the past.
  void ServiceChanged(bool running);
  void Stop();

  const host::ObservedProcess& observed() const { return observed_; }
  Time started() const { return started_; }
  const std::string& directory() const { return directory_; }

 private:
  struct Instance {
    pid_t pid = 0;
    std::uint64_t start_ticks = 0;
    Time started;
    bool operator==(const Instance&) const = default;
  };

  void ReadSpec();
  void Begin(const Found& found);
  void End(const Found& found, bool ran);
  /// `ran`: it was started since the look before the last, even if only for a moment.
  void TakeEnd(bool ran, bool stopped);
  void AwaitEnd(pid_t supervisor);
  void BeginService();
  void EndService(bool stopped);
  void BeginChecks();
  boost::asio::awaitable<void> CheckUntil(std::uint64_t round);
  boost::asio::awaitable<bool> CheckOnce(std::uint64_t round);
  void Take(const std::string& trouble);
  Duration Pause() const;

  boost::asio::any_io_executor executor_;
  std::string directory_;
  Observer::Options options_;
  const Clock& clock_;
  std::function<void()> changed_;
  std::optional<WatchSpec> spec_;
  host::ObservedProcess observed_;
  Time started_;
  Instance instance_;  ///< the newest that was seen
  bool looked_ = false;
  MonoTime began_;
  std::uint64_t round_ = 0;          ///< checks of an earlier round end by themselves
  boost::asio::steady_timer timer_;  ///< of the checks
  boost::asio::steady_timer again_;  ///< of a look at a supervisor that cannot be waited for
  boost::asio::posix::stream_descriptor end_;
};

}  // namespace slipway::agent
