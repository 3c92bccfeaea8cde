#include "src/store/history_window.hpp"

namespace slipway::store {

void HistoryWindow::Observe(MonoTime now, Revision current) {
  if (!samples_.empty()) {
    const Sample& last = samples_.back();
    if (last.revision == current || now - last.time < keep_ / 8) return;
  }
  samples_.push_back({now, current});
}

Revision HistoryWindow::Target(MonoTime now) {
  while (!samples_.empty() && now - samples_.front().time >= keep_) {
    target_ = samples_.front().revision;
    samples_.pop_front();
  }
  return target_;
}

}  // namespace slipway::store
