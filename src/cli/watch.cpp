#include "src/cli/watch.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>

#include "reconciler/base/json.hpp"

namespace slipway::cli {
namespace {

using nlohmann::json;

/// A server sends a bookmark a minute: who hears nothing for this long hears nobody.
constexpr Duration kIdle = std::chrono::minutes(3);
constexpr Duration kPause = std::chrono::seconds(1);

/// Waits for `time`, or until `stop` is asked for.
void Pause(Duration time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, time, [] { return false; });
}

/// One run of the loop: what it knows between two requests.
class Follower {
 public:
  Follower(const Session& session, const CollectionWatch& watch, std::string version)
      : session_(session), watch_(watch), version_(std::move(version)) {}

  Result<void> Run(const std::stop_token& stop) {
    while (!enough_ && !stop.stop_requested()) {
      const bool lists = version_.empty();
      const auto looked = lists ? List() : Stream(stop);
      if (looked.has_value() && lists) {
        continue;
      }
      Duration pause = kPause;
      if (!looked.has_value() && !stop.stop_requested()) {
        const Error& error = looked.error();
        if (!MayPass(error.code)) {
          return error;
        }
        if (error.code == Code::kExpired) {
          version_.clear();
        } else {
          Tell(&error);
        }
        pause = error.retry_after.value_or(kPause);
      }
      if (!enough_) {
        Pause(pause, stop);
      }
    }
    return Ok();
  }

 private:
  Result<void> List() {
    SLIPWAY_TRY(version, watch_.list());
    version_ = version;
    Tell(nullptr);
    return Ok();
  }

  Result<void> Stream(const std::stop_token& stop) {
    kube::Request request = watch_.request;
    request.query["watch"] = "true";
    request.query["allowWatchBookmarks"] = "true";
    request.query["resourceVersion"] = version_;
    std::optional<Error> failure;
    const auto ended = session_.Stream(
        request, kIdle,
        [&](const std::string& line) {
          const auto going = Take(line);
          if (!going.has_value()) {
            failure = going.error();
          }
          return going.has_value() && going.value();
        },
        stop);
    if (failure) {
      return *failure;
    }
    return ended;
  }

  /// One line of the stream. False: nobody wants more.
  Result<bool> Take(const std::string& line) {
    json event = ReadJson(line);
    if (!event.is_object() || !event.contains("object")) {
      return Fail(Code::kUnavailable,
                  "the server sent something that is no event: " + line.substr(0, 200));
    }
    const std::string type = event.value("type", "");
    if (type == "ERROR") {
      return kube::ErrorOf(event["object"].value("code", 500), event["object"].dump());
    }
    const std::string version =
        event["object"].value("/metadata/resourceVersion"_json_pointer, std::string());
    Tell(nullptr);
    if (type != "BOOKMARK") {
      SLIPWAY_TRY(going, watch_.changed(type, std::move(event["object"])));
      enough_ = !going;
    }
    if (!version.empty()) {
      version_ = version;
    }
    return !enough_;
  }

  void Tell(const Error* trouble) {
    if (in_trouble_ != (trouble != nullptr)) {
      in_trouble_ = trouble != nullptr;
      watch_.trouble(trouble);
    }
  }

  const Session& session_;
  const CollectionWatch& watch_;
  std::string version_;
  bool in_trouble_ = false;
  bool enough_ = false;
};

}  // namespace

Result<void> FollowCollection(const Session& session, const CollectionWatch& watch,
                              std::string version, const std::stop_token& stop) {
  return Follower(session, watch, std::move(version)).Run(stop);
}

bool MayPass(Code code) {
  switch (code) {
    case Code::kExpired:
    case Code::kTooManyRequests:
    case Code::kInternal:
    case Code::kUnavailable:
    case Code::kTimeout:
      return true;
    case Code::kBadRequest:
    case Code::kUnauthorized:
    case Code::kForbidden:
    case Code::kNotFound:
    case Code::kMethodNotAllowed:
    case Code::kAlreadyExists:
    case Code::kConflict:
    case Code::kUnexplained:
    case Code::kUnprocessable:
    case Code::kTooLarge:
    case Code::kUnsupportedMediaType:
    case Code::kInvalid:
      return false;
  }
  return false;
}

std::string TryingAgain(const Error& trouble) { return "trying again: " + trouble.message; }

}  // namespace slipway::cli
