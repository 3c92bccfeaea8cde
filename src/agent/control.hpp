#pragma once

#include <functional>
#include <memory>
#include <utility>

namespace slipway::agent {

/// A way to end from outside whatever one action waits for. One thread.
struct Control {
  bool cancelled = false;      ///< nothing more is begun
  std::function<void()> stop;  ///< ends what is under way, soon; empty where nothing can be ended

  void Cancel() {
    cancelled = true;
    if (stop) {
      stop();
    }
  }
};

/// Sets Control::stop for as long as this lives. `control` may be nullptr.
class Stoppable {
 public:
  Stoppable(std::shared_ptr<Control> control, std::function<void()> stop)
      : control_(std::move(control)) {
    if (control_) {
      control_->stop = std::move(stop);
    }
  }
  ~Stoppable() {
    if (control_) {
      control_->stop = nullptr;
    }
  }
  Stoppable(const Stoppable&) = delete;
  Stoppable& operator=(const Stoppable&) = delete;

 private:
  std::shared_ptr<Control> control_;
};

}  // namespace slipway::agent
