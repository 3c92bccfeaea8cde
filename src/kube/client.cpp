#include "src/kube/client.hpp"

#include <cpprest/http_client.h>
#include <cpprest/uri_builder.h>

#include <cpprest/rawptrstream.h>
#include <boost/asio/ssl.hpp>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "reconciler/base/json.hpp"

namespace slipway::kube {
namespace {

namespace http = web::http;

constexpr std::size_t kMaxAnswerBytes = std::size_t{64} << 20;
constexpr std::size_t kChunkBytes = std::size_t{64} << 10;

Code CodeOf(int status, const std::string& reason) {
  for (const Code code :
       {Code::kBadRequest, Code::kUnauthorized, Code::kForbidden, Code::kNotFound,
        Code::kMethodNotAllowed, Code::kAlreadyExists, Code::kConflict, Code::kExpired,
        Code::kTooLarge, Code::kUnsupportedMediaType, Code::kInvalid, Code::kTooManyRequests,
        Code::kInternal, Code::kUnavailable, Code::kTimeout}) {
    if (reason == Reason(code) || (reason.empty() && status == HttpStatus(code))) {
      return code;
    }
  }
  return Code::kInternal;
}

/// The whole body; nullopt where it is larger than kMaxAnswerBytes, whatever its headers say.
std::optional<std::string> ReadBody(const http::http_response& answer) {
  auto body = answer.body().streambuf();
  std::vector<unsigned char> chunk(kChunkBytes);
  std::string text;
  while (const std::size_t got = body.getn(chunk.data(), chunk.size()).get()) {
    if (text.size() + got > kMaxAnswerBytes) {
      return std::nullopt;
    }
    text.append(reinterpret_cast<const char*>(chunk.data()), got);
  }
  return text;
}

http::http_request Make(const Request& request, const std::string& token) {
  web::uri_builder uri(web::uri::encode_uri(request.path));
  for (const auto& [key, value] : request.query) {
    uri.append_query(key + "=" + web::uri::encode_data_string(value), false);
  }
  http::http_request message(request.method);
  message.set_request_uri(uri.to_uri());
  message.headers().add("Accept", request.accept);
  if (!request.body.empty()) {
    message.set_body(request.body, request.content_type);
  }
  if (!token.empty()) {
    message.headers().add("Authorization", "Bearer " + token);
  }
  return message;
}

}  // namespace

Error ErrorOf(int status, const std::string& body) {
  const auto json = ReadJson(body);
  if (!json.is_object() || json.value("kind", "") != "Status") {
    // That an object is missing can be said by the API only, and this is somebody else.
    const Code code = CodeOf(status, "");
    return Error{
        .code = code == Code::kNotFound ? Code::kBadRequest : code,
        .message = "the server answered " + std::to_string(status) + ": " + body.substr(0, 300)};
  }
  Error error{.code = CodeOf(status, json.value("reason", "")),
              .message = json.value("message", "")};
  const auto details = json.value("details", nlohmann::json::object());
  if (details.contains("retryAfterSeconds")) {
    error.retry_after = std::chrono::seconds(details["retryAfterSeconds"].get<int>());
  }
  for (const auto& cause : details.value("causes", nlohmann::json::array())) {
    error.causes.push_back(Cause{.field = cause.value("field", ""),
                                 .message = cause.value("message", ""),
                                 .reason = cause.value("reason", "")});
  }
  return error;
}

struct Client::State {
  Connection connection;
  http::client::http_client_config config;
  std::unique_ptr<http::client::http_client> client;

  Error Unreachable(const std::exception& error) const {
    const auto* failure = dynamic_cast<const http::http_exception*>(&error);
    if (failure != nullptr && failure->error_code() == std::errc::timed_out) {
      return Fail(Code::kTimeout, connection.server + " did not answer in time");
    }
    return Fail(Code::kUnavailable, connection.server + " cannot be reached: " + error.what() +
                                        "; is `slipway server` running there?");
  }
};

Client::Client(std::unique_ptr<State> state) : state_(std::move(state)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

const Connection& Client::connection() const { return state_->connection; }

Result<Client> Client::Open(Connection connection, Duration deadline) {
  namespace ssl = boost::asio::ssl;
  auto state = std::make_unique<State>();
  state->connection = std::move(connection);
  const Connection& made = state->connection;
  const auto apply = [made](ssl::context& context) {
    if (!made.ca_pem.empty()) {
      context.add_certificate_authority(boost::asio::buffer(made.ca_pem));
    }
    if (!made.client_certificate_pem.empty()) {
      context.use_certificate_chain(boost::asio::buffer(made.client_certificate_pem));
      context.use_private_key(boost::asio::buffer(made.client_key_pem), ssl::context::pem);
    }
  };
  try {
    ssl::context probe(ssl::context::tls_client);
    apply(probe);
    state->config.set_timeout(deadline);
    state->config.set_max_redirects(0);
    state->config.set_ssl_context_callback(apply);
    state->client = std::make_unique<http::client::http_client>(made.server, state->config);
  } catch (const std::exception& error) {
    return Fail(Code::kInvalid, "the kubeconfig's credentials for " + made.server +
                                    " cannot be used: " + error.what());
  }
  return Client(std::move(state));
}

Result<std::string> Client::Send(const Request& request) const {
  try {
    pplx::cancellation_token_source source;
    http::http_response answer =
        state_->client->request(Make(request, state_->connection.token), source.get_token()).get();
    auto body = ReadBody(answer);
    if (!body) {
      source.cancel();  // or it would be read to its end in the background
      return Fail(Code::kTooLarge,
                  request.path + ": the answer is larger than 64 MiB; ask for less");
    }
    const int status = answer.status_code();
    if (status < 200 || status > 299) {
      return ErrorOf(status, *body);
    }
    return std::move(*body);
  } catch (const std::exception& error) {
    return state_->Unreachable(error);
  }
}

Result<void> Client::Stream(const Request& request, Duration idle,
                            const std::function<bool(const std::string& line)>& on_line,
                            const std::stop_token& stop) const {
  pplx::cancellation_token_source source;
  const std::stop_callback cancel(stop, [&source] { source.cancel(); });
  try {
    http::client::http_client_config config = state_->config;
    config.set_timeout(idle);
    http::client::http_client client(state_->connection.server, config);
    http::http_response answer =
        client.request(Make(request, state_->connection.token), source.get_token()).get();
    if (answer.status_code() < 200 || answer.status_code() > 299) {
      return ErrorOf(answer.status_code(), answer.extract_utf8string(true).get());
    }
    auto body = answer.body().streambuf();
    std::vector<unsigned char> chunk(kChunkBytes);
    std::string pending;
    while (pending.size() < kMaxAnswerBytes) {
      std::size_t got = body.getn(chunk.data(), 1).get();
      if (got == 0) {
        return Ok();
      }
      const std::size_t more = std::min(body.in_avail(), chunk.size() - 1);
      got += more == 0 ? 0 : body.getn(chunk.data() + 1, more).get();
      pending.append(reinterpret_cast<const char*>(chunk.data()), got);
      std::size_t start = 0;
      for (std::size_t end; (end = pending.find('\n', start)) != std::string::npos;
           start = end + 1) {
        if (!on_line(pending.substr(start, end - start))) {
          return Ok();
        }
      }
      pending.erase(0, start);
    }
    return Fail(Code::kTooLarge, request.path + ": one event is larger than 64 MiB");
  } catch (const std::exception& error) {
    return stop.stop_requested() ? Result<void>(Ok()) : state_->Unreachable(error);
  }
}

}  // namespace slipway::kube
