#include "src/apiserver/registry/continue_token.hpp"

#include "src/apiserver/registry/reads.hpp"
#include "tests/fuzz/target.hpp"

namespace slipway::fuzz {

using apiserver::ContinueToken;

// What is taken for a token is printed as one that means the same, and so is what follows its expiry.
void TryBytes(std::string_view bytes) {
  const std::string text(bytes);
  const auto token = ContinueToken::Parse(text);
  const std::string after = apiserver::AfterExpiry(text);
  Demand(token.has_value() != after.empty(), "a token that is none has no successor");
  if (!token.has_value()) {
    Demand(token.error().code == Code::kBadRequest, "what is no token is the client's fault");
    return;
  }
  const auto again = ContinueToken::Parse(token.value().Print());
  Demand(again.has_value() && again.value().revision == token.value().revision &&
             again.value().start == token.value().start &&
             again.value().remaining == token.value().remaining,
         "a token survives being printed");
  const auto fresh = ContinueToken::Parse(after);
  Demand(fresh.has_value() && fresh.value().start == token.value().start &&
             fresh.value().revision == store::kLatest,
         "after its expiry a list goes on from the same place");
}

}  // namespace slipway::fuzz
