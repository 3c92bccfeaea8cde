#include "src/gateway/wanted_logs.hpp"

#include <openssl/rand.h>

#include <array>
#include <utility>

#include "reconciler/base/assert.hpp"
#include "reconciler/base/digest.hpp"

namespace slipway::gateway {

std::string WantedLogs::NewId() {
  std::array<std::uint8_t, 12> bytes{};
  SLIPWAY_ASSERT(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1,
                 "the operating system gave no random bytes");
  return HexOf(bytes);
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
