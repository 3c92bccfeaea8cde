#include "tests/src/rest/test_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace slipway::rest::test {
namespace {

void MustBe(bool good, const std::string& what) {
  if (!good) {
    throw std::runtime_error("test server: " + what);
  }
}

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

int Listen(int& port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  MustBe(::bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0, "bind");
  MustBe(::listen(listener, 64) == 0, "listen");
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  port = ntohs(address.sin_port);
  return listener;
}

std::shared_ptr<SSL_CTX> ContextFor(const Identity& identity) {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  BIO* text = BIO_new_mem_buf(identity.certificate.data(), -1);
  X509* const certificate = PEM_read_bio_X509(text, nullptr, nullptr, nullptr);
  BIO_free(text);
  text = BIO_new_mem_buf(identity.key.data(), -1);
  EVP_PKEY* const key = PEM_read_bio_PrivateKey(text, nullptr, nullptr, nullptr);
  BIO_free(text);
  MustBe(SSL_CTX_use_certificate(context.get(), certificate) == 1, "certificate");
  MustBe(SSL_CTX_use_PrivateKey(context.get(), key) == 1, "key");
  X509_free(certificate);
  EVP_PKEY_free(key);
  return context;
}

std::size_t LengthOf(const std::string& head) {
  const std::string name = "\r\nContent-Length:";
  const std::size_t at = head.find(name);
  return at == std::string::npos ? 0 : std::stoul(head.substr(at + name.size()));
}

}  // namespace

std::size_t Peer::Read(char* bytes, std::size_t size) {
  const auto got = tls_ != nullptr ? SSL_read(tls_, bytes, static_cast<int>(size))
                                   : ::read(socket_, bytes, size);
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

std::string Peer::ReadUntil(std::string_view end) {
  std::string text;
  char byte = 0;
  while (!text.ends_with(end) && Read(&byte, 1) == 1) {
    text += byte;
  }
  return text;
}

std::string Peer::ReadRequest() {
  std::string request = ReadUntil("\r\n\r\n");
  const std::size_t whole = request.size() + LengthOf(request);
  std::array<char, 65536> bytes;
  while (request.size() < whole) {
    const std::size_t got = Read(bytes.data(), std::min(bytes.size(), whole - request.size()));
    if (got == 0) {
      return "";
    }
    request.append(bytes.data(), got);
  }
  return request.find("\r\n\r\n") == std::string::npos ? "" : request;
}

bool Peer::Say(std::string_view text) {
  while (!text.empty()) {
    const auto sent = tls_ != nullptr ? SSL_write(tls_, text.data(), static_cast<int>(text.size()))
                                      : ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) {
      return false;
    }
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool Peer::ClosesWithin(Duration limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  std::array<char, 4096> bytes;
  while (true) {
    const auto left =
        std::chrono::duration_cast<Duration>(end - std::chrono::steady_clock::now()).count();
    pollfd state{.fd = socket_, .events = POLLIN, .revents = 0};
    if (left <= 0 || ::poll(&state, 1, static_cast<int>(left)) == 0) {
      return false;
    }
    if (::read(socket_, bytes.data(), bytes.size()) <= 0) {
      return true;
    }
  }
}

void Peer::Reset() {
  const linger now{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

void Peer::Cut() { ::shutdown(socket_, SHUT_RDWR); }

void Peer::Relay(int port) {
  const int other = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(port);
  if (::connect(other, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    std::array<pollfd, 2> ends{pollfd{.fd = socket_, .events = POLLIN, .revents = 0},
                               pollfd{.fd = other, .events = POLLIN, .revents = 0}};
    std::array<char, 65536> bytes;
    bool open = true;
    while (open && ::poll(ends.data(), ends.size(), -1) > 0) {
      for (std::size_t from = 0; from < 2 && open; ++from) {
        if (ends[from].revents != 0) {
          const ssize_t got = ::read(ends[from].fd, bytes.data(), bytes.size());
          open = got > 0 && ::send(ends[1 - from].fd, bytes.data(), static_cast<std::size_t>(got),
                                   MSG_NOSIGNAL) == got;
        }
      }
    }
  }
  ::close(other);
}

TestServer::TestServer(Serve serve, const std::optional<Identity>& identity)
    : serve_(std::move(serve)), listener_(Listen(port_)) {
  // OpenSSL writes to sockets without MSG_NOSIGNAL.
  ::signal(SIGPIPE, SIG_IGN);
  if (identity) {
    tls_ = ContextFor(*identity);
  }
  thread_ = std::thread([this] { Accept(); });
}

TestServer::~TestServer() {
  ::shutdown(listener_, SHUT_RDWR);
  thread_.join();
  ::close(listener_);
  std::unique_lock lock(mutex_);
  for (const int socket : open_) {
    ::shutdown(socket, SHUT_RDWR);
  }
  closed_.wait(lock, [this] { return open_.empty(); });
}

void TestServer::Accept() {
  while (true) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) {
      return;
    }
    const int at_once = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
    const std::lock_guard lock(mutex_);
    ++connections_;
    open_.insert(socket);
    // Not joined: what a thread leaves until then would look like a leak of the client.
    std::thread([this, socket] { Run(socket); }).detach();
  }
}

void TestServer::Run(int socket) {
  std::shared_ptr<SSL> tls;
  if (tls_ != nullptr) {
    tls.reset(SSL_new(tls_.get()), SSL_free);
    SSL_set_fd(tls.get(), socket);
  }
  if (tls == nullptr || SSL_accept(tls.get()) == 1) {
    Peer peer(socket, tls.get());
    serve_(peer);
    if (tls != nullptr) {
      SSL_shutdown(tls.get());
    }
  }
  tls.reset();
  const std::lock_guard lock(mutex_);
  ::close(socket);
  open_.erase(socket);
  closed_.notify_all();
}

std::string TestServer::Url(const std::string& path, const std::string& host) const {
  return (tls_ != nullptr ? "https://" : "http://") + host + ":" + std::to_string(port_) + path;
}

int TestServer::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_;
}

bool TestServer::ClosesAll() const {
  std::unique_lock lock(mutex_);
  return closed_.wait_for(lock, std::chrono::seconds(30), [this] { return open_.empty(); });
}

void Notes::Add(std::string text) {
  const std::lock_guard lock(mutex_);
  texts_.push_back(std::move(text));
}

std::vector<std::string> Notes::all() const {
  const std::lock_guard lock(mutex_);
  return texts_;
}

std::string Ok200(const std::string& body, const std::string& headers) {
  return "HTTP/1.1 200 OK\r\n" + headers + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

TestServer::Serve Answering(std::function<std::string(const std::string& request)> answer) {
  return [answer = std::move(answer)](Peer& peer) {
    while (true) {
      const std::string request = peer.ReadRequest();
      if (request.empty() || !peer.Say(answer(request))) {
        return;
      }
    }
  };
}

int ClosedPort() {
  int port = 0;
  ::close(Listen(port));
  return port;
}

}  // namespace slipway::rest::test
