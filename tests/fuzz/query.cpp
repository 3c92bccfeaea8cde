#include <algorithm>
#include <string>

#include "src/apiserver/answer/answer_form.hpp"
#include "src/apiserver/registry/selection.hpp"
#include "src/apiserver/request/list_options.hpp"
#include "src/apiserver/request/request_options.hpp"
#include "src/apiserver/request/route.hpp"
#include "src/http/request_target.hpp"
#include "src/objects/kinds.hpp"
#include "tests/fuzz/target.hpp"

namespace slipway::fuzz {
namespace {

/// Every way in which somebody else's selectors are used.
void TrySelectors(const apiserver::Selectors& selectors) {
  static const store::Value kObject = std::make_shared<const std::string>(
      R"({"apiVersion":"v1","kind":"Event","metadata":{"name":"a","labels":{"tier":"web","n":"7"}}})");
  for (const objects::KindInfo& kind : objects::AllKinds()) {
    const auto selection = apiserver::Selection::Parse(kind, selectors);
    if (selection.has_value()) {
      (void)selection.value().Matches("/core/events/default/a", kObject);
    }
  }
}

}  // namespace

// The first line is what stands in the request's first line, the rest its body: it is understood or refused.
void TryBytes(std::string_view bytes) {
  const std::size_t end = std::min(bytes.find('\n'), bytes.size());
  const std::string body(bytes.substr(std::min(end + 1, bytes.size())));
  for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
    http::RequestHead head;
    head.method = method;
    if (!http::ParseTarget(bytes.substr(0, end), head).has_value()) {
      return;
    }
    (void)apiserver::ParseRoute(head.path);
    const auto list = apiserver::ListRequestOf(head);
    if (list.has_value()) {
      Demand(list.value().options.revision >= 0 && list.value().not_older >= 0,
             "no version is negative");
      TrySelectors(list.value().options.selectors);
    }
    const auto watch = apiserver::WatchRequestOf(head);
    if (watch.has_value()) {
      Demand(!watch.value().mark_end || (watch.value().initial && watch.value().bookmarks),
             "a mark is for who asked for bookmarks");
    }
    (void)apiserver::WriteOptionsOf(head, "patch");
    (void)apiserver::DeleteWishOf(head, body);
    (void)apiserver::TableOf(head);
    (void)apiserver::WantsLines(head);
  }
}

}  // namespace slipway::fuzz
