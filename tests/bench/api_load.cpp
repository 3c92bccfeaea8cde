// A load on a Kubernetes API over TLS, ours or Kubernetes' own: `api_bench.py` starts both and runs this program against each.
// One thread; it does nothing but TLS and looking for the ends of answers and events. One JSON object is printed.
//
//   create   so many clients, each with a connection of its own that stays open, create GitRepositories whose JSON is 2 KiB; each waits
//            for its answer before it sends the next. An answer other than 201 is counted and the first of them is shown.
//   watch    so many watchers of GitRepositories, each with a connection of its own; one writer creates one after the other, and waits
//            until every watcher has seen it. A lag is the time from the writer's 201 to the event, or 0 where the event was first. "cpu" is
//            the processor time of the processes --pid from then on, in seconds: a thousand handshakes take as much as many events.

#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "reconciler/base/rng.hpp"
#include "tests/bench/bench.hpp"

namespace slipway::bench {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Code = boost::system::error_code;
using Stream = asio::ssl::stream<tcp::socket>;

constexpr std::size_t kObjectBytes = 2048;
/// Handshakes at once: more of them would only wait for each other.
constexpr std::size_t kHandshakes = 64;

struct Options {
  std::uint16_t port = 0;
  std::string ca;
  std::string certificate;
  std::string key;
  std::size_t clients = 1;
  std::size_t objects = 1;
  std::size_t first = 0;  ///< number of the first object
  std::string ns = "default";
  std::vector<int> pids;

  std::string Path() const {
    return "/apis/slipway.dev/v1alpha1/namespaces/" + ns + "/gitrepositories";
  }
};

void Check(const Code& error, const char* where) {
  if (error) {
    Die(std::string("a connection broke while it was to ") + where + ": " + error.message());
  }
}

asio::ssl::context Credentials(const Options& options) {
  asio::ssl::context context(asio::ssl::context::tls_client);
  context.set_verify_mode(asio::ssl::verify_peer);
  context.load_verify_file(options.ca);
  context.use_certificate_chain_file(options.certificate);
  context.use_private_key_file(options.key, asio::ssl::context::pem);
  return context;
}

/// A GitRepository of kObjectBytes that nobody fetches, under a name of its own, as a request.
class Requests {
 public:
  explicit Requests(const Options& options) : path_(options.Path()) {
    Rng rng(1);
    for (char& byte : filling_) {
      byte = static_cast<char>('a' + rng.Below(26));
    }
  }

  std::string Create(std::size_t number) const {
    std::string body =
        R"({"apiVersion":"slipway.dev/v1alpha1","kind":"GitRepository","metadata":{"name":"object-)" +
        std::to_string(1'000'000 + number) + R"(","annotations":{"filling":")";
    constexpr std::string_view kEnd =
        R"("}},"spec":{"url":"https://git.example.org/a.git","ref":{"branch":"main"},"suspend":true}})";
    body.append(filling_, 0, kObjectBytes - body.size() - kEnd.size()).append(kEnd);
    return "POST " + path_ +
           " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
  }

 private:
  std::string path_;
  std::string filling_ = std::string(kObjectBytes, ' ');
};

/// A connection that is open and has shaken hands.
class Connection {
 public:
  Connection(asio::io_context& io, asio::ssl::context& context, std::uint16_t port)
      : stream_(io, context), port_(port) {}

  void Open(std::function<void()> done) {
    stream_.next_layer().async_connect(
        {asio::ip::address_v4::loopback(), port_}, [this, done](const Code& error) {
          Check(error, "connect");
          stream_.next_layer().set_option(tcp::no_delay(true));
          stream_.async_handshake(asio::ssl::stream_base::client, [done](const Code& failure) {
            Check(failure, "shake hands");
            done();
          });
        });
  }
  Stream& stream() { return stream_; }

 private:
  Stream stream_;
  std::uint16_t port_;
};

/// Opens all of them, some at a time: a connection that has shaken hands and says nothing would be closed. `begin` gets each one, and a
/// function to call once it is in use; `done` runs after the last one.
template <typename Connections, typename Begin>
void OpenAll(const Connections& connections, Begin begin, std::function<void()> done) {
  struct State {
    std::size_t next = 0;
    std::size_t used = 0;
    std::function<void()> open;
  };
  const auto state = std::make_shared<State>();
  state->open = [&connections, begin, done, state] {
    if (state->next == connections.size()) {
      return;
    }
    auto& connection = *connections[state->next++];
    connection.Open([&connections, &connection, begin, done, state] {
      begin(connection, [&connections, done, state] {
        if (++state->used == connections.size()) {
          done();
        } else {
          state->open();
        }
      });
    });
  };
  for (std::size_t i = 0; i < kHandshakes; ++i) {
    state->open();
  }
}

/// One client that creates.
class Creator : public Connection {
 public:
  using Connection::Connection;

  /// Sends one request; `done` is told whether the answer is 201.
  void Create(const std::string& request, std::function<void(bool)> done) {
    request_ = request;
    done_ = std::move(done);
    held_ = 0;
    asio::async_write(stream(), asio::buffer(request_), [this](const Code& error, std::size_t) {
      Check(error, "write");
      Read();
    });
  }
  std::string answer() const { return {answer_.data(), held_}; }

 private:
  void Read() {
    if (held_ == answer_.size()) {
      Die("an answer is too long");
    }
    stream().async_read_some(
        asio::buffer(answer_) + held_, [this](const Code& error, std::size_t count) {
          Check(error, "read");
          held_ += count;
          IsWhole() ? done_(std::string_view(answer_.data(), held_).starts_with("HTTP/1.1 201 "))
                    : Read();
        });
  }

  bool IsWhole() const {
    constexpr std::string_view kLength = "Content-Length: ";
    const std::string_view answer(answer_.data(), held_);
    const std::size_t body = answer.find("\r\n\r\n");
    if (body == std::string_view::npos) {
      return false;
    }
    if (answer.substr(0, body).find("Transfer-Encoding: chunked") != std::string_view::npos) {
      return answer.ends_with("\r\n0\r\n\r\n");
    }
    const std::size_t length = answer.find(kLength);
    std::size_t bytes = 0;
    if (length > body ||
        std::from_chars(answer.data() + length + kLength.size(), answer.data() + body, bytes).ec !=
            std::errc()) {
      Die("an answer does not say how long it is: " + std::string(answer.substr(0, body)));
    }
    return held_ == body + 4 + bytes;
  }

  std::string request_;
  std::function<void(bool)> done_;
  std::array<char, 16'384> answer_{};
  std::size_t held_ = 0;
};

void RunCreates(const Options& options) {
  asio::io_context io;
  asio::ssl::context context = Credentials(options);
  std::vector<std::unique_ptr<Creator>> clients;
  for (std::size_t i = 0; i < options.clients; ++i) {
    clients.push_back(std::make_unique<Creator>(io, context, options.port));
  }
  const Requests requests(options);
  std::size_t next = options.first;
  std::size_t failed = 0;
  const std::size_t end = options.first + options.objects;
  const std::function<void(Creator&)> go = [&](Creator& client) {
    if (next == end) {
      return;
    }
    client.Create(requests.Create(next++), [&](bool created) {
      if (!created && failed++ == 0) {
        std::fprintf(stderr, "api_load: not created: %s\n", client.answer().c_str());
      }
      go(client);
    });
  };
  OpenAll(
      clients, [](Creator&, const std::function<void()>& used) { used(); }, [] {});
  io.run();
  const Stopwatch watch;
  for (const auto& client : clients) {
    go(*client);
  }
  io.restart();
  io.run();
  std::printf("{\"seconds\": %.6f, \"failed\": %zu}\n", watch.Seconds(), failed);
}

/// One client that watches. An event ends with a new line, and what is around it (heads, lengths of chunks) with a return before that.
class Watcher : public Connection {
 public:
  Watcher(asio::io_context& io, asio::ssl::context& context, std::uint16_t port,
          std::function<void()> seen)
      : Connection(io, context, port), seen_(std::move(seen)) {}

  /// One object is there, and shown as the first event: then the watch has `begun`. (Kubernetes sends no head before an event.)
  void Watch(const std::string& path, std::function<void()> begun) {
    begun_ = std::move(begun);
    request_ =
        "GET " + path +
        "?watch=true&resourceVersion=0&timeoutSeconds=3600 HTTP/1.1\r\nHost: localhost\r\n\r\n";
    asio::async_write(stream(), asio::buffer(request_), [this](const Code& error, std::size_t) {
      Check(error, "write");
      Read();
    });
  }

 private:
  void Read() {
    stream().async_read_some(asio::buffer(part_), [this](const Code& error, std::size_t count) {
      if (error == asio::error::operation_aborted) {
        return;
      }
      Check(error, "watch");
      if (last_ == 0 && !std::string_view(part_.data(), count).starts_with("HTTP/1.1 200 ")) {
        Die("the answer to a watch is: " + std::string(part_.data(), count));
      }
      for (std::size_t i = 0; i < count; ++i) {
        if (part_[i] == '\n' && last_ != '\r') {
          begun_ ? std::exchange(begun_, nullptr)() : seen_();
        }
        last_ = part_[i];
      }
      Read();
    });
  }

  std::function<void()> seen_;
  std::function<void()> begun_;
  std::string request_;
  std::array<char, 4096> part_{};
  char last_ = 0;
};

/// Processor time of processes of this machine so far.
double CpuSeconds(const std::vector<int>& pids) {
  double ticks = 0;
  for (const int pid : pids) {
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string text{std::istreambuf_iterator<char>(stat), {}};
    std::istringstream fields(text.substr(std::min(text.rfind(')'), text.size())));
    std::string skipped;
    double user = 0;
    double system = 0;
    for (int i = 0; i < 12; ++i) {
      fields >> skipped;
    }
    if (!(fields >> user >> system)) {
      Die("there is no process " + std::to_string(pid));
    }
    ticks += user + system;
  }
  return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double Percentile(const std::vector<double>& sorted, double part) {
  return sorted[static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1))];
}

/// So many watchers, and one who writes for them.
class Watching {
 public:
  explicit Watching(const Options& options)
      : options_(options),
        requests_(options),
        context_(Credentials(options)),
        writer_(io_, context_, options.port),
        next_(options.first),
        end_(options.first + options.objects) {
    for (std::size_t i = 0; i < options.clients; ++i) {
      watchers_.push_back(
          std::make_unique<Watcher>(io_, context_, options.port, [this] { Seen(); }));
    }
  }

  void Run() {
    const auto watch = [this](Watcher& watcher, std::function<void()> begun) {
      watcher.Watch(options_.Path(), std::move(begun));
    };
    OpenAll(watchers_, watch, [this] {
      writer_.Open([this] {
        begun_ = clock_.Seconds();
        cpu_begun_ = CpuSeconds(options_.pids);
        Write();
      });
    });
    io_.run();
    std::ranges::sort(lags_);
    std::printf(
        "{\"seconds\": %.6f, \"cpu\": %.3f, \"events\": %zu, \"p50\": %.6f, \"p99\": %.6f, "
        "\"most\": "
        "%.6f}\n",
        clock_.Seconds() - begun_, CpuSeconds(options_.pids) - cpu_begun_, lags_.size(),
        Percentile(lags_, 0.5), Percentile(lags_, 0.99), lags_.back());
  }

 private:
  void Write() {
    if (next_ == end_) {
      io_.stop();
      return;
    }
    missing_ = watchers_.size();
    written_.reset();
    writer_.Create(requests_.Create(next_++), [this](bool created) {
      if (!created) {
        Die("not created: " + writer_.answer());
      }
      written_ = clock_.Seconds();
      GoOn();
    });
  }

  void Seen() {
    lags_.push_back(written_ ? clock_.Seconds() - *written_ : 0);
    --missing_;
    GoOn();
  }

  /// The writer has its answer, and everybody has seen it: the next.
  void GoOn() {
    if (written_ && missing_ == 0) {
      asio::post(io_, [this] { Write(); });
    }
  }

  const Options& options_;
  const Requests requests_;
  const Stopwatch clock_;
  asio::io_context io_;
  asio::ssl::context context_;
  Creator writer_;
  std::vector<std::unique_ptr<Watcher>> watchers_;
  std::size_t next_;
  std::size_t end_;
  std::size_t missing_ = 0;        ///< watchers that have not seen the last one
  std::optional<double> written_;  ///< when the writer had its answer
  double begun_ = 0;
  double cpu_begun_ = 0;
  std::vector<double> lags_;
};

}  // namespace
}  // namespace slipway::bench

int main(int argc, char** argv) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  CLI::App app("A load on a Kubernetes API.");
  slipway::bench::Options options;
  app.add_option("--port", options.port, "of the API on this machine")->required();
  app.add_option("--ca", options.ca, "file with the authority of the server's certificate")
      ->required();
  app.add_option("--cert", options.certificate, "file with the certificate of an administrator")
      ->required();
  app.add_option("--key", options.key, "file with its key")->required();
  app.add_option("--clients", options.clients, "connections at once");
  app.add_option("--objects", options.objects, "how many are created");
  app.add_option("--first", options.first, "number of the first one");
  app.add_option("--namespace", options.ns, "where they are created");
  app.add_option("--pid", options.pids, "processes whose processor time is told");
  app.require_subcommand(1);
  app.add_subcommand("create", "clients create")->callback([&] {
    slipway::bench::RunCreates(options);
  });
  app.add_subcommand("watch", "one client creates, the others watch")->callback([&] {
    slipway::bench::Watching(options).Run();
  });
  CLI11_PARSE(app, argc, argv);
  return 0;
}
