// Durable creates a second through the API, as any client meets it: HTTP/1.1 over TLS with a client
// certificate, the listener, the access rules, validation of the object, the registry, and the SQLite
// store that syncs every commit to the disk. 1, 16 and 256 callers, each with a connection of its own
// that stays open, create ConfigMaps whose JSON text is 2 KiB; each waits for its 201 before it sends
// the next. `run` shows beside it what the Store alone does with rows of that size (store_bench).
//
// The server runs in this process as in `slipway server`: one thread for connections and registry,
// and the store's own. One more thread is all the callers; it does nothing but TLS and looking for
// the end of an answer. What each thread spends is written to standard error, so that one can see
// who keeps whom waiting. The connections are made before anything is measured; each number of
// callers has a server of its own and sends a part of its objects in each round, in turns with the
// others; the first round warms up and is not counted. An answer other than 201 ends the program.
// One JSON object a line. `api_bench [DIRECTORY]`: where the data is.

#include "tests/src/http/io_thread.hpp"  // first: Asio needs what it includes before it

#include <unistd.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reconciler/base/rng.hpp"
#include "src/apiserver/durable_file.hpp"
#include "src/apiserver/pki.hpp"
#include "src/apiserver/registry.hpp"
#include "src/apiserver/server.hpp"
#include "src/metrics/metrics.hpp"
#include "src/store/sqlite_store.hpp"
#include "tests/bench/bench.hpp"

namespace slipway::apiserver {
namespace {

namespace asio = boost::asio;
using bench::Die;
using bench::Must;
using bench::Stopwatch;

constexpr int kRounds = 6;
constexpr std::size_t kObjectBytes = 2048;

/// The part of the control plane that answers the API, on data of its own.
class ApiServer {
 public:
  explicit ApiServer(const std::string& directory)
      : pki_(Must(Pki::Open({.data_dir = directory, .addresses = {}}, clock_.Now()))),
        store_(
            Must(store::SqliteStore::Open({.path = directory + "/slipway.db", .clock = &clock_}))) {
    std::promise<Result<void>> started;
    io_.Run([&] {
      const Post post = [this](std::function<void()> work) { asio::post(io_.io, std::move(work)); };
      registry_ = std::make_unique<Registry>(*store_, clock_, post, 7);
      Server::Options options;
      options.listener.identity = {.chain = pki_.server_chain_pem(),
                                   .key = pki_.server_key_pem(),
                                   .client_ca = pki_.ca_pem()};
      server_ = std::make_unique<Server>(io_.io, *registry_, metrics_, clock_, nullptr, options);
      registry_->Start([&](Result<void> result) { started.set_value(std::move(result)); });
    });
    for (const auto& done :
         {started.get_future().get(), io_.Run([&] { return server_->Open(); })}) {
      if (!done.has_value()) {
        Die(done.error().message);
      }
    }
  }

  ~ApiServer() {
    std::promise<void> stopped;
    io_.Run([&] { server_->Stop([&] { stopped.set_value(); }); });
    stopped.get_future().wait();
    io_.Run([&] {
      server_.reset();
      registry_.reset();
    });
  }

  std::uint16_t port() {
    return io_.Run([&] { return server_->endpoint().port; });
  }
  double CpuSeconds() { return io_.Run(&bench::CpuSeconds); }

 private:
  bench::RunningClock clock_;
  metrics::Metrics metrics_;
  Pki pki_;
  std::unique_ptr<store::SqliteStore> store_;
  http::IoThread io_;
  std::unique_ptr<Registry> registry_;
  std::unique_ptr<Server> server_;
};

/// A ConfigMap of kObjectBytes under a name of its own, as a request.
class Requests {
 public:
  Requests() {
    Rng rng(1);
    for (char& byte : filling_) {
      byte = static_cast<char>('a' + rng.Below(26));
    }
  }

  std::string Create(std::size_t number) const {
    std::string body = R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"object-)" +
                       std::to_string(1'000'000 + number) + R"("},"data":{"key":")";
    constexpr std::string_view kEnd = "\"}}";
    body.append(filling_, 0, kObjectBytes - body.size() - kEnd.size()).append(kEnd);
    return "POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nHost: localhost\r\n"
           "Content-Type: application/json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
  }

 private:
  std::string filling_ = std::string(kObjectBytes, ' ');
};

/// Numbers of the objects that are still to be made in this round.
struct Work {
  const Requests& requests;
  std::size_t next = 0;
  std::size_t end = 0;
};

/// One connection, which is one caller.
class Caller {
 public:
  Caller(asio::io_context& io, asio::ssl::context& context, std::uint16_t port, Work& work)
      : stream_(io, context), work_(work) {
    stream_.next_layer().connect({asio::ip::address_v4::loopback(), port});
    stream_.next_layer().set_option(asio::ip::tcp::no_delay(true));
    stream_.handshake(asio::ssl::stream_base::client);
  }

  /// Sends one request after the other until there is no more work.
  void Go() {
    if (work_.next == work_.end) {
      return;
    }
    request_ = work_.requests.Create(work_.next++);
    held_ = 0;
    asio::async_write(stream_, asio::buffer(request_),
                      [this](const boost::system::error_code& error, std::size_t) {
                        Check(error);
                        Read();
                      });
  }

 private:
  void Read() {
    if (held_ == answer_.size()) {
      Die("an answer is too long");
    }
    stream_.async_read_some(asio::buffer(answer_) + held_,
                            [this](const boost::system::error_code& error, std::size_t count) {
                              Check(error);
                              held_ += count;
                              IsWhole() ? Go() : Read();
                            });
  }

  bool IsWhole() const {
    constexpr std::string_view kLength = "Content-Length: ";
    const std::string_view answer(answer_.data(), held_);
    const std::size_t body = answer.find("\r\n\r\n");
    if (body == std::string_view::npos) {
      return false;
    }
    const std::size_t length = answer.find(kLength);
    if (!answer.starts_with("HTTP/1.1 201 ") || length > body) {
      Die("the answer to a create is: " + std::string(answer));
    }
    std::size_t bytes = 0;
    std::from_chars(answer.data() + length + kLength.size(), answer.data() + body, bytes);
    return held_ == body + 4 + bytes;
  }

  static void Check(const boost::system::error_code& error) {
    if (error) {
      Die("a connection broke: " + error.message());
    }
  }

  asio::ssl::stream<asio::ip::tcp::socket> stream_;
  Work& work_;
  std::string request_;
  std::array<char, 16'384> answer_{};
  std::size_t held_ = 0;
};

asio::ssl::context Credentials(const std::string& data_dir) {
  const std::string pki = data_dir + "/pki/";
  asio::ssl::context context(asio::ssl::context::tls_client);
  context.set_verify_mode(asio::ssl::verify_peer);
  context.load_verify_file(pki + "ca.crt");
  context.use_certificate_chain_file(pki + "admin.crt");
  context.use_private_key_file(pki + "admin.key", asio::ssl::context::pem);
  return context;
}

/// So many callers and their server.
class Subject {
 public:
  Subject(const std::string& directory, const Requests& requests, std::size_t callers,
          std::size_t a_round)
      : server_(directory), context_(Credentials(directory)), work_{requests}, a_round_(a_round) {
    const std::uint16_t port = server_.port();
    for (std::size_t i = 0; i < callers; ++i) {
      callers_.push_back(std::make_unique<Caller>(io_, context_, port, work_));
    }
  }

  void Round(bool counts) {
    work_.end = work_.next + a_round_;
    const double server_before = server_.CpuSeconds();
    const double callers_before = bench::CpuSeconds();
    const Stopwatch watch;
    for (const auto& caller : callers_) {
      caller->Go();
    }
    io_.restart();
    io_.run();
    if (counts) {
      seconds_ += watch.Seconds();
      callers_cpu_ += bench::CpuSeconds() - callers_before;
      server_cpu_ += server_.CpuSeconds() - server_before;
      created_ += static_cast<double>(a_round_);
    }
  }

  void Report() const {
    const std::string who =
        std::to_string(callers_.size()) + (callers_.size() == 1 ? " caller" : " callers");
    bench::Print({.name = "api: creates of 2 KiB objects, " + who,
                  .value = created_ / seconds_,
                  .unit = "rows/s",
                  .peer = "store: 2 KiB rows, " + who});
    std::fprintf(stderr,
                 "api_bench: %s: a create costs %.0f us of the server's thread (busy %.0f %%) and "
                 "%.0f us of the callers' (busy %.0f %%)\n",
                 who.c_str(), server_cpu_ / created_ * 1e6, server_cpu_ / seconds_ * 1e2,
                 callers_cpu_ / created_ * 1e6, callers_cpu_ / seconds_ * 1e2);
  }

 private:
  ApiServer server_;
  asio::io_context io_;
  asio::ssl::context context_;
  Work work_;
  std::size_t a_round_;
  std::vector<std::unique_ptr<Caller>> callers_;
  double seconds_ = 0;
  double created_ = 0;
  double callers_cpu_ = 0;
  double server_cpu_ = 0;
};

void Measure(const std::string& directory) {
  const Requests requests;
  std::vector<std::unique_ptr<Subject>> subjects;
  const auto add = [&](std::size_t callers, std::size_t a_round) {
    const std::string data = directory + "/" + std::to_string(callers);
    std::filesystem::create_directory(data);
    subjects.push_back(std::make_unique<Subject>(data, requests, callers, a_round));
  };
  add(1, 600);
  add(16, 3000);
  add(256, 8192);
  for (int round = 0; round < kRounds; ++round) {
    for (const auto& subject : subjects) {
      subject->Round(round > 0);
    }
  }
  for (const auto& subject : subjects) {
    subject->Report();
  }
}

}  // namespace
}  // namespace slipway::apiserver

int main(int argc, char** argv) {
  return slipway::bench::InDirectory(argc, argv, &slipway::apiserver::Measure);
}
