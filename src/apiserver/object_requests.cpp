#include "src/apiserver/object_requests.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>

#include "src/apiserver/access/owner_admission.hpp"
#include "src/apiserver/access/traffic.hpp"
#include "src/apiserver/answer/list_text.hpp"
#include "src/apiserver/answer/presentation.hpp"
#include "src/apiserver/answer/status_text.hpp"
#include "src/apiserver/collection_delete.hpp"
#include "src/apiserver/create_on_update.hpp"
#include "src/apiserver/list_body.hpp"
#include "src/apiserver/registry/guard.hpp"
#include "src/apiserver/registry/namespaces.hpp"
#include "src/apiserver/registry/reads.hpp"
#include "src/apiserver/request/list_options.hpp"
#include "src/apiserver/request/media_types.hpp"
#include "src/apiserver/request/option_faults.hpp"
#include "src/apiserver/request/request_options.hpp"
#include "src/http/await.hpp"
#include "src/objects/json_text.hpp"

namespace slipway::apiserver {
namespace {

namespace asio = boost::asio;
using http::Response;
using ExchangePtr = std::shared_ptr<http::Exchange>;

/// Limits::body_bytes of the listener is what holds.
constexpr std::size_t kAnyBody = std::numeric_limits<std::size_t>::max();
constexpr std::size_t kMaxLogLines = 100'000;
/// Of warnings in one answer. Clients read at most so many headers (Python: 100), and so many bytes of them.
constexpr std::size_t kMaxWarnings = 32;
constexpr std::size_t kMaxWarningBytes = 16 << 10;

/// Runs `work`, which gives a Result, on the pool for `user`, and goes on here with what it gave.
template <typename T>
asio::awaitable<T> Offload(FairPool* pool, std::string user, std::function<T()> work) {
  std::function<void(std::function<void(T)>)> start =
      [pool, &user, work = std::move(work)](std::function<void(T)> done) {
        pool->Run(user, [work, done = std::move(done)] { done(Guarded(work)); });
      };
  co_return co_await http::AwaitCallback<T>(std::move(start));
}

/// The text of a `Warning` header, RFC 7234.
std::string WarningText(const std::string& message) {
  std::string text = "299 - \"";
  for (const char letter : message) {
    if (letter == '"' || letter == '\\') {
      text += '\\';
    }
    text += static_cast<unsigned char>(letter) < ' ' ? ' ' : letter;
  }
  return text + "\"";
}

/// Adds as many warnings as a client can be expected to read.
void AddWarnings(Response& response, const std::vector<std::string>& warnings) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < std::min(warnings.size(), kMaxWarnings); ++i) {
    std::string text = WarningText(warnings[i]);
    bytes += text.size();
    if (bytes > kMaxWarningBytes) {
      return;
    }
    response.headers.emplace_back("Warning", std::move(text));
  }
}

Response Shown(Result<std::string> text, const ObjectPath& path, int status = 200) {
  if (!text.has_value()) {
    return Failure(text.error(), &path);
  }
  Response response;
  response.status = status;
  response.body = std::move(text.value());
  return response;
}

/// An object as it is, once the store has come as far as `not_older`.
Result<Object> GetNotOlder(const Registry& registry, const ObjectPath& path,
                           store::Revision not_older) {
  auto object = registry.Get(path);
  if (not_older == 0 || (object.has_value() && object.value().revision() >= not_older)) {
    return object;
  }
  SLIPWAY_TRY(newest, registry.List({.kind = path.kind, .ns = path.ns, .name = ""}, {.limit = 1}));
  SLIPWAY_TRYV(CheckNotOlder(newest, not_older));
  return object;
}

/// A page, or the error.
Result<ObjectList> PageOf(const Registry& registry, const ObjectPath& path,
                          const ListRequest& request) {
  SLIPWAY_TRY(list, registry.List(path, request.options));
  SLIPWAY_TRYV(CheckNotOlder(list, request.not_older));
  return list;
}

Result<LogRequest> LogRequestOf(const http::RequestHead& head, const ObjectPath& path) {
  LogRequest request{.ns = path.ns,
                     .server = path.name,
                     .application = std::string(head.Query("application")),
                     .process = std::string(head.Query("process"))};
  if (request.application.empty()) {
    return Fail(Code::kBadRequest, "say whose logs: application=NAME");
  }
  const std::string_view lines = head.Query("tailLines");
  if (!lines.empty()) {
    const auto [end, error] =
        std::from_chars(lines.data(), lines.data() + lines.size(), request.lines);
    const bool number = error == std::errc() && end == lines.data() + lines.size();
    if (!number || request.lines == 0 || request.lines > kMaxLogLines) {
      return Fail(Code::kBadRequest,
                  "tailLines must be a number from 1 to " + std::to_string(kMaxLogLines));
    }
  }
  return request;
}

/// The name in an object that was refused, so that the answer can say which one it was.
std::string NameIn(const std::string& text) {
  const auto tree = objects::ParseJson(text);
  const objects::Json empty = objects::Json::object();
  if (!tree.has_value() || !tree.value().is_object()) {
    return "";
  }
  const objects::Json metadata = tree.value().value("metadata", empty);
  const objects::Json name =
      metadata.is_object() ? metadata.value("name", objects::Json()) : objects::Json();
  return name.is_string() ? name.get<std::string>() : "";
}

/// How a write is to be done and shown.
struct Manner {
  WriteOptions options{};
  Form form{};
  PatchType type = PatchType::kMerge;  ///< of a patch
};

Result<Manner> MannerOf(const http::RequestHead& head, const std::string& verb,
                        const objects::KindInfo& kind) {
  SLIPWAY_TRY(options, WriteOptionsOf(head, verb));
  SLIPWAY_TRY(form, TableOf(head));
  Manner manner{.options = options, .form = form};
  if (verb == "patch") {
    SLIPWAY_TRY(type, PatchTypeOf(head, kind));
    manner.type = type;
  }
  return manner;
}

/// Starts the write that a verb stands for.
void StartWrite(Registry& registry, const std::string& verb, const Route& route,
                const Manner& manner, std::string text, WriteDone done) {
  const bool status = route.target == Route::Target::kStatus;
  const WriteOptions& options = manner.options;
  if (verb == "create") {
    registry.Create(route.path, std::move(text), options, std::move(done));
  } else if (verb == "update" && status) {
    registry.UpdateStatus(route.path, std::move(text), options, std::move(done));
  } else if (verb == "update") {
    registry.Update(route.path, std::move(text), options, std::move(done));
  } else if (status) {
    registry.PatchStatus(route.path, manner.type, std::move(text), options, std::move(done));
  } else {
    registry.Patch(route.path, manner.type, std::move(text), options, std::move(done));
  }
}

}  // namespace

asio::awaitable<Result<std::vector<Object>>> ObjectRequests::ReadMore(
    std::function<Result<std::vector<Object>>()> more, std::string user) const {
  co_return co_await Offload<Result<std::vector<Object>>>(pool, std::move(user), std::move(more));
}

Response Failure(const Error& error, const ObjectPath* path, const std::string& continue_token) {
  Response response;
  response.status = HttpStatus(error.code);
  response.body = FailureStatus(error, path, continue_token);
  if (error.retry_after) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*error.retry_after);
    response.headers.emplace_back("Retry-After", std::to_string(seconds.count()));
  }
  AddWarnings(response, error.warnings);
  return response;
}

asio::awaitable<Result<ObjectList>> ObjectRequests::ReadList(ObjectPath path, ListOptions options,
                                                             std::string user) const {
  std::function<Result<ObjectList>()> work = [from = registry, path = std::move(path),
                                              options = std::move(options)] {
    return from->List(path, options);
  };
  co_return co_await Offload<Result<ObjectList>>(pool, std::move(user), std::move(work));
}

Response ObjectRequests::Get(const http::RequestHead& head, const ObjectPath& path) const {
  const auto form = TableOf(head);
  if (!form.has_value()) {
    return Failure(form.error(), &path);
  }
  const auto revision = RevisionOf(head);
  if (!revision.has_value()) {
    return Failure(revision.error(), &path);
  }
  const auto object = GetNotOlder(*registry, path, revision.value().value_or(0));
  if (!object.has_value()) {
    return Failure(object.error(), &path);
  }
  return Shown(ShowObject(*path.kind, object.value(), form.value(), clock->Now()), path);
}

asio::awaitable<Response> ObjectRequests::List(ExchangePtr exchange, ObjectPath path,
                                               std::string user) const {
  auto request = ListRequestOf(exchange->head());
  if (!request.has_value()) {
    co_return Failure(request.error(), &OptionsPath("ListOptions"));
  }
  request.value().options.piece_by_piece = true;
  const auto form = TableOf(exchange->head());
  if (!form.has_value()) {
    co_return Failure(form.error(), &path);
  }
  std::function<Result<Response>()> work = [this, path, request = request.value(),
                                            form = form.value(), now = clock->Now(),
                                            head = exchange->head(), user]() -> Result<Response> {
    auto page = PageOf(*registry, path, request);
    if (!page.has_value() && page.error().code == Code::kExpired) {
      return Failure(page.error(), &path, AfterExpiry(request.options.continue_token));
    }
    SLIPWAY_TRYV(page);
    ListText text(*path.kind, std::move(page.value()), form, now);
    return ShowList(head, std::move(text), *pool, user);
  };
  auto answer = co_await Offload<Result<Response>>(pool, std::move(user), std::move(work));
  if (!answer.has_value()) {
    co_return Failure(answer.error(), &path);
  }
  co_return std::move(answer.value());
}

asio::awaitable<Response> ObjectRequests::Write(ExchangePtr exchange, std::string verb, Route route,
                                                User user) const {
  const http::RequestHead& head = exchange->head();
  auto manner = MannerOf(head, verb, *route.path.kind);
  if (!manner.has_value()) {
    co_return Failure(manner.error(), &OptionsPath(WriteOptionsKind(head)));
  }
  manner.value().options.admit = OwnerAdmission(user, route.path);
  auto text = co_await exchange->ReadBody(kAnyBody);
  if (text.has_value()) {
    text = verb == "patch" ? PatchTextOf(manner.value().type, std::move(text.value()))
                           : ObjectTextOf(head, std::move(text.value()), *route.path.kind);
  }
  if (!text.has_value()) {
    co_return Failure(text.error(), &route.path);
  }
  const std::string sent = std::move(text.value());
  std::function<void(WriteDone)> start = [this, verb, route, manner = manner.value(),
                                          &sent](WriteDone done) {
    StartWrite(*registry, verb, route, manner, sent, std::move(done));
  };
  auto written = co_await http::AwaitCallback<Result<Written>>(std::move(start));
  if (MakesWhatIsAbsent(verb, route, written)) {
    start = [this, route, manner = manner.value(), &sent](WriteDone done) {
      CreateByUpdate(*registry, route.path, manner.options, sent, std::move(done));
    };
    written = co_await http::AwaitCallback<Result<Written>>(std::move(start));
    verb = "create";
  }
  if (!written.has_value()) {
    const bool creates = verb == "create" || (manner.value().type == PatchType::kApply &&
                                              route.target == Route::Target::kObject);
    if (creates && written.error().code == Code::kNotFound) {
      // Nothing else can be absent here.
      const ObjectPath space{.kind = NamespaceKind(), .ns = "", .name = route.path.ns};
      co_return Failure(written.error(), &space);
    }
    if (route.path.name.empty()) {
      route.path.name = NameIn(sent);
    }
    co_return Failure(written.error(), &route.path);
  }
  int status = 200;
  if (verb == "create" || written.value().created) {
    status = 201;
  }
  auto shown =
      ShowObject(*route.path.kind, written.value().object, manner.value().form, clock->Now());
  Response response = Shown(std::move(shown), route.path, status);
  AddWarnings(response, written.value().warnings);
  co_return response;
}

asio::awaitable<Response> ObjectRequests::Delete(ExchangePtr exchange, ObjectPath path) const {
  const auto body = co_await exchange->ReadBody(kAnyBody);
  if (!body.has_value()) {
    co_return Failure(body.error(), &path);
  }
  const auto wish = DeleteWishOf(exchange->head(), body.value());
  if (!wish.has_value()) {
    co_return Failure(wish.error(), &OptionsPath("DeleteOptions"));
  }
  std::function<void(DeleteDone)> start = [this, path, wish = wish.value()](DeleteDone done) {
    const WriteOptions options{.dry_run = wish.dry_run};
    registry->Delete(path, wish.request, options, std::move(done));
  };
  const auto deleted = co_await http::AwaitCallback<Result<Deleted>>(std::move(start));
  if (!deleted.has_value()) {
    co_return Failure(deleted.error(), &path);
  }
  if (deleted.value().removed) {
    co_return Shown(DeletedStatus(path, deleted.value().uid), path);
  }
  co_return Shown(deleted.value().object.Text(), path);
}

asio::awaitable<Response> ObjectRequests::DeleteCollection(ExchangePtr exchange, ObjectPath path,
                                                           std::string user) const {
  const auto request = ListRequestOf(exchange->head());
  if (!request.has_value()) {
    co_return Failure(request.error(), &OptionsPath("ListOptions"));
  }
  const auto body = co_await exchange->ReadBody(kAnyBody);
  if (!body.has_value()) {
    co_return Failure(body.error(), &path);
  }
  const auto wish = DeleteWishOf(exchange->head(), body.value());
  if (!wish.has_value()) {
    co_return Failure(wish.error(), &OptionsPath("DeleteOptions"));
  }
  const auto form = TableOf(exchange->head());
  if (!form.has_value()) {
    co_return Failure(form.error(), &path);
  }
  CollectionDelete job{this, path, request.value(), wish.value(), user};
  auto gone = co_await DeleteAll(std::move(job));
  if (!gone.has_value()) {
    co_return Failure(gone.error(), &path);
  }
  const auto text =
      std::make_shared<ListText>(*path.kind, std::move(gone.value()), form.value(), clock->Now());
  std::function<Result<Response>()> work = [this, text, head = exchange->head(), user] {
    return ShowList(head, std::move(*text), *pool, user);
  };
  auto answer = co_await Offload<Result<Response>>(pool, std::move(user), std::move(work));
  if (!answer.has_value()) {
    co_return Failure(answer.error(), &path);
  }
  co_return std::move(answer.value());
}

asio::awaitable<Response> ObjectRequests::Logs(ExchangePtr exchange, ObjectPath path) const {
  auto request = LogRequestOf(exchange->head(), path);
  if (!request.has_value()) {
    co_return Failure(request.error(), &path);
  }
  const auto server = registry->Get(path);
  if (!server.has_value()) {
    co_return Failure(server.error(), &path);
  }
  if (logs == nullptr) {
    const Error error = Fail(Code::kUnavailable, "this server has no access to agents");
    co_return Failure(error, &path);
  }
  using Done = std::function<void(Result<std::string>)>;
  std::function<void(Done)> start = [this, wanted = request.value()](Done done) {
    logs->FetchLogs(wanted, std::move(done));
  };
  auto text = co_await http::AwaitCallback<Result<std::string>>(std::move(start));
  Response response = Shown(std::move(text), path);
  if (response.status == 200) {
    response.content_type = "text/plain; charset=utf-8";
  }
  co_return response;
}

asio::awaitable<Response> ObjectRequests::Answer(ExchangePtr exchange, std::string verb,
                                                 Route route, User user) const {
  auto refusal = NotAcceptable(exchange->head());
  if (refusal && route.target != Route::Target::kLog) {
    co_return std::move(*refusal);
  }
  if (route.target == Route::Target::kLog) {
    co_return co_await Logs(std::move(exchange), std::move(route.path));
  }
  if (verb == "get") {
    co_return Get(exchange->head(), route.path);
  }
  if (verb == "list") {
    co_return co_await List(std::move(exchange), std::move(route.path), Traffic::KeyOf(user));
  }
  if (verb == "deletecollection") {
    co_return co_await DeleteCollection(std::move(exchange), std::move(route.path),
                                        Traffic::KeyOf(user));
  }
  if (verb == "delete") {
    co_return co_await Delete(std::move(exchange), std::move(route.path));
  }
  co_return co_await Write(std::move(exchange), std::move(verb), std::move(route), std::move(user));
}

}  // namespace slipway::apiserver
