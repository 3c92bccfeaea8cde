#include "src/agent/observer.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "reconciler/api/json_codecs.hpp"
#include "reconciler/base/json.hpp"
#include "src/agent/files.hpp"
#include "src/agent/process_watch.hpp"
#include "src/agent/release_directories.hpp"

namespace slipway::agent {
namespace {

Time ModifiedTime(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) {
    return Time{};
  }
  return Time(Duration(info.st_mtim.tv_sec * 1'000 + info.st_mtim.tv_nsec / 1'000'000));
}

}  // namespace

std::string EncodeWatchSpec(const WatchSpec& spec) {
  using api::codec::Form;
  return PrintJson({{"process", api::codec::Write(spec.process, Form::kComplete)},
                    {"address", spec.address},
                    {"commit", spec.release.commit.value},
                    {"hash", spec.release.hash.value}});
}

Result<WatchSpec> DecodeWatchSpec(const std::string& text) {
  SLIPWAY_TRY(json, api::codec::Parse(text));
  WatchSpec spec;
  api::codec::Cursor at;
  if (api::codec::IsObject(json, at)) {
    using api::codec::Presence;
    api::codec::ReadField(json, "process", Presence::kRequired, spec.process, at);
    api::codec::ReadField(json, "address", Presence::kRequired, spec.address, at);
    api::codec::ReadField(json, "commit", Presence::kRequired, spec.release.commit, at);
    api::codec::ReadField(json, "hash", Presence::kRequired, spec.release.hash, at);
  }
  if (at.failed()) {
    return at.TakeError();
  }
  return spec;
}

Observer::Observer(boost::asio::any_io_executor executor, Options options, const Clock& clock,
                   std::function<void()> changed)
    : executor_(std::move(executor)),
      options_(std::move(options)),
      clock_(clock),
      changed_(std::move(changed)) {}

Observer::~Observer() { Stop(); }

void Observer::LookAt(const std::string& directory, Watches& watches) {
  const std::vector<std::string> names = ListDirectory(directory);
  std::erase_if(watches, [&](const auto& entry) {
    const bool gone = !std::ranges::binary_search(names, entry.first);
    if (gone) {
      entry.second->Stop();
    }
    return gone;
  });
  for (const std::string& name : names) {
    std::shared_ptr<ProcessWatch>& watch = watches[name];
    if (!watch) {
      watch = std::make_shared<ProcessWatch>(executor_, directory + "/" + name, options_, clock_,
                                             changed_);
    }
    watch->Look();
  }
}

void Observer::LookAtAll(const std::string& parent, std::map<std::string, Watches>& owners) {
  const std::vector<std::string> names = ListDirectory(parent);
  for (auto& [owner, watches] : owners) {
    if (!std::ranges::binary_search(names, owner)) {
      LookAt(parent + "/" + owner, watches);
    }
  }
  std::erase_if(owners, [](const auto& entry) { return entry.second.empty(); });
  for (const std::string& name : names) {
    LookAt(parent + "/" + name, owners[name]);
  }
}

void Observer::Look(const host::Journal& journal) {
  LookAtAll(options_.layout.AllProcesses(), application_watches_);
  LookAtAll(options_.layout.AllTestProcesses(), test_watches_);
  disk_.clear();
  for (const auto& [application, record] : journal.applications) {
    const ApplicationLayout layout = LayoutOf(options_.layout, application, host::ConfigOf(record));
    host::Observed& disk = disk_[application];
    disk.current = ReadCurrent(layout);
    disk.directories = ListReleases(layout);
    disk.since = ModifiedTime(layout.Current());
  }
  Refresh();
}

void Observer::Refresh() {
  applications_.clear();
  tests_.clear();
  for (const auto& [application, watches] : application_watches_) {
    disk_.try_emplace(application);
  }
  for (const auto& [application, disk] : disk_) {
    host::Observed observed = disk;
    observed.name = application;
    for (const auto& [process, watch] : application_watches_[application]) {
      observed.processes.push_back(watch->observed());
      if (watch->observed().running) {
        observed.since = std::max(observed.since, watch->started());
      }
    }
    applications_.push_back(std::move(observed));
  }
  for (const auto& [run, watches] : test_watches_) {
    host::Observed observed;
    observed.name = run;
    for (const auto& [process, watch] : watches) {
      observed.processes.push_back(watch->observed());
    }
    tests_.push_back(std::move(observed));
  }
}

void Observer::ServiceChanged(const std::string& directory, bool running) {
  for (auto* owners : {&application_watches_, &test_watches_}) {
    for (auto& [owner, watches] : *owners) {
      for (auto& [process, watch] : watches) {
        if (watch->directory() == directory) {
          watch->ServiceChanged(running);
        }
      }
    }
  }
}

void Observer::Stop() {
  for (auto* owners : {&application_watches_, &test_watches_}) {
    for (auto& [owner, watches] : *owners) {
      for (auto& [process, watch] : watches) {
        watch->Stop();
      }
    }
    owners->clear();
  }
}

}  // namespace slipway::agent
