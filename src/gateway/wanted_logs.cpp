#include "src/gateway/wanted_logs.hpp"

#include <openssl/rand.h>

#include <utility>

#include "reconciler/base/assert.hpp"

namespace slipway::gateway {

std::string WantedLogs::NewId() {
  unsigned char bytes[12];
  SLIPWAY_ASSERT(RAND_bytes(bytes, sizeof bytes) == 1, "the operating system gave no random bytes");
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

void WantedLogs::Add(const std::string& id, const std::string& server, MonoTime deadline,
                     Done done) {
  wanted_[id] = {server, deadline, std::move(done)};
}

WantedLogs::Done WantedLogs::Take(const std::string& id, const std::string& server) {
  const auto found = wanted_.find(id);
  if (found == wanted_.end() || found->second.server != server) {
    return nullptr;
  }
  Done done = std::move(found->second.done);
  wanted_.erase(found);
  return done;
}

void WantedLogs::Expire(MonoTime now) {
  for (auto wanted = wanted_.begin(); wanted != wanted_.end();) {
    if (now < wanted->second.deadline) {
      ++wanted;
      continue;
    }
    Tell(wanted->second);
    wanted = wanted_.erase(wanted);
  }
}

void WantedLogs::ExpireAll() {
  for (const auto& [id, wanted] : std::exchange(wanted_, {})) {
    Tell(wanted);
  }
}

void WantedLogs::Tell(const Wanted& wanted) {
  wanted.done(Fail(Code::kTimeout,
                   "the agent of server " + wanted.server + " did not send the log in time"));
}

}  // namespace slipway::gateway
