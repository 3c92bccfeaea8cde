#pragma once

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "src/rest/client.hpp"

namespace slipway::cloud {

/// Answers as a test says, and remembers what it was asked. Thread-safe.
class FakeRestClient final : public rest::Client {
 public:
  using Answer = std::function<Result<rest::Response>(const rest::Request&)>;

  explicit FakeRestClient(Answer answer) : answer_(std::move(answer)) {}

  Result<rest::Response> Send(const rest::Request& request) override {
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    return answer_(request);
  }

  std::vector<rest::Request> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<rest::Request> requests_;
  const Answer answer_;
};

}  // namespace slipway::cloud
