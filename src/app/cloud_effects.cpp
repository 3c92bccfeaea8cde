#include "src/app/cloud_effects.hpp"

#include <utility>
// <utility> first: Asio 1.74 needs it and does not include it.
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <vector>

#include "reconciler/base/guarded.hpp"

namespace slipway::app {

void CloudEffects::List(const runtime::ListServers& request, Done done) {
  list_([this, provider = request.provider, done = std::move(done)]() mutable {
    auto listed = Guarded([&] { return cloud_.List(provider); });
    runtime::OutsideResult result = Fail(Code::kInternal, "");
    if (listed.has_value()) {
      result = runtime::OutsideValue(runtime::ServerListing{
          .time = clock_.Now(),
          .servers = std::make_shared<const std::vector<runtime::ListedServer>>(
              std::move(listed.value()))});
    } else {
      result = listed.error();
    }
    boost::asio::post(io_, [done = std::move(done), result = std::move(result)] { done(result); });
  });
}

}  // namespace slipway::app
