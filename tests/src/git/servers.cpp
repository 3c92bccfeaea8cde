#include "tests/src/git/servers.hpp"

#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace slipway::git::test {
namespace {

namespace fs = std::filesystem;

// lighttpd's own log is written seconds late.
constexpr const char* kBackend = R"sh(#!/bin/sh
echo "$REQUEST_METHOD $REQUEST_URI ${HTTP_AUTHORIZATION:--}" >> "${GIT_PROJECT_ROOT%/git}/requests"
exec /usr/lib/git-core/git-http-backend
)sh";

// Everything that a client may ask is in the URL's last part; the answers speak git's smart protocol.
constexpr const char* kHostile = R"sh(#!/bin/sh
echo "$REQUEST_METHOD $REQUEST_URI ${HTTP_AUTHORIZATION:--}" >> "${GIT_PROJECT_ROOT%/git}/requests"
packet() { printf '%04x%s' $(($(printf '%s' "$1" | wc -c) + 4)) "$1"; }
advertise() {
  printf 'Content-Type: application/x-git-upload-pack-advertisement\r\n\r\n'
  packet '# service=git-upload-pack
'; printf 0000
}
# One ref of this name, with capabilities; libgit2 sees none without.
ref() { printf '%04x1111111111111111111111111111111111111111 %s\0side-band-64k\n0000' $((60 + ${#1})) "$1"; }
case "$REQUEST_URI" in
*/partial/*)
  pack="$GIT_PROJECT_ROOT/partial.pack"
  case "$REQUEST_URI" in */git-upload-pack) [ ! -e "$pack" ] || {
    printf 'Content-Type: application/x-git-upload-pack-result\r\n\r\n0008NAK\n%04x\001' $(($(wc -c <"$pack") + 5))
    cat "$pack"; printf 0000; exit
  } ;; esac
  export PATH_INFO="${PATH_INFO#/partial}"; exec /usr/lib/git-core/git-http-backend ;;
*/status/*) printf 'Status: %s Nope\r\n\r\n' "$(echo "$REQUEST_URI" | sed 's|.*/status/\([0-9]*\).*|\1|')" ;;
*/later-redirect/*/git-upload-pack)
  printf 'Status: 307 Moved\r\nLocation: https://127.0.0.1:%s/git/stolen\r\n\r\n' "$SERVER_PORT" ;;
*/lies/*/git-upload-pack) printf 'Content-Type: application/x-git-upload-pack-result\r\n\r\n0008NAK\nPACK garbage garbage' ;;
*/lies/*|*/later-redirect/*)
  advertise; ref refs/heads/main ;;
*/slow/*/git-upload-pack)
  printf 'Content-Type: application/x-git-upload-pack-result\r\n\r\n0008NAK\n0011\001PACK\0\0\0\2\0\0\0\5'
  exec sleep 15 ;;
*/slow/*) advertise; ref refs/heads/main ;;
*/html/*) printf 'Content-Type: text/html\r\n\r\n<html>Log in, please</html>' ;;
*/escape/*) advertise; ref refs/heads/../../../../escaped ;;
*/endless/*) advertise; while :; do packet "1111111111111111111111111111111111111111 refs/heads/$(head -c 60000 /dev/zero | tr '\0' x)" || exit; done ;;
*) printf 'Status: 404 Not Found\r\n\r\n' ;;
esac
)sh";

std::string Configuration(const std::string& root, const Certificates& certificates, int port) {
  const std::string backend = root + "/backend.sh";
  return R"(server.modules = ("mod_openssl", "mod_setenv", "mod_auth", "mod_authn_file", "mod_access", "mod_redirect",
                  "mod_alias", "mod_cgi")
server.document-root = ")" +
         root + R"(/git"
server.bind = "127.0.0.1"
server.port = )" +
         std::to_string(port) + R"(
server.errorlog = ")" +
         root + R"(/lighttpd-errors"
server.breakagelog = ")" +
         root + R"(/cgi-errors"
server.upload-dirs = (")" +
         root + R"(")
ssl.engine = "enable"
ssl.pemfile = ")" +
         certificates.certificate + R"("
setenv.add-environment = ("GIT_PROJECT_ROOT" => ")" +
         root + R"(/git", "GIT_HTTP_EXPORT_ALL" => "1",
  "GIT_CONFIG_COUNT" => "1", "GIT_CONFIG_KEY_0" => "safe.directory", "GIT_CONFIG_VALUE_0" => "*")
auth.backend = "plain"
auth.backend.plain.userfile = ")" +
         root + R"(/users"
$HTTP["url"] =~ "^/private/" {
  auth.require = ("" => ("method" => "basic", "realm" => "git", "require" => "valid-user"))
}
$HTTP["url"] =~ "^/token/" {
  $REQUEST_HEADER["Authorization"] != "Bearer t0ken" { url.access-deny = ("") }
}
$HTTP["url"] =~ "^/moved/" {
  url.redirect = ("^/moved/(.*)$" => "https://127.0.0.1:)" +
         std::to_string(port) + R"(/git/$1")
}
$HTTP["url"] =~ "^/(git|private|token)/" {
  alias.url = ("/git/" => ")" +
         backend + R"(/", "/private/" => ")" + backend + R"(/", "/token/" => ")" + backend + R"(/")
  cgi.assign = ("" => "")
}
$HTTP["url"] =~ "^/hostile/" {
  server.stream-response-body = 2
  alias.url = ("/hostile/" => ")" +
         root + R"(/hostile.sh/")
  cgi.assign = ("" => "")
}
)";
}

}  // namespace

Certificates MakeCertificates(const Directory& directory, const std::string& name,
                              const std::string& subject, const std::string& days) {
  const std::string base = directory / name;
  Execute({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
           "-nodes", "-days", "2", "-subj", "/CN=" + name, "-keyout", base + ".ca.key", "-out",
           base + ".ca.pem"});
  Execute({"openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
           "-subj", "/CN=server", "-keyout", base + ".key", "-out", base + ".csr"});
  WriteText(base + ".ext", "subjectAltName=" + subject + "\n");
  Execute({"openssl", "x509", "-req", "-in", base + ".csr", "-CA", base + ".ca.pem", "-CAkey",
           base + ".ca.key", "-CAcreateserial", "-days", days, "-extfile", base + ".ext", "-out",
           base + ".crt"});
  WriteText(base + ".pem", ReadText(base + ".crt") + ReadText(base + ".key"));
  return {base + ".ca.pem", base + ".pem"};
}

HttpsServer::HttpsServer(const Directory& directory, const Certificates& certificates)
    : log_(directory / "requests"), port_(FreePort()) {
  fs::create_directories(directory / "git");
  WriteText(directory / "users", "ada:s3cret+pass\n");
  WriteText(log_, "");
  WriteText(directory / "backend.sh", kBackend);
  WriteText(directory / "hostile.sh", kHostile);
  ::chmod((directory / "backend.sh").c_str(), 0755);
  ::chmod((directory / "hostile.sh").c_str(), 0755);
  WriteText(directory / "lighttpd.conf", Configuration(directory.path(), certificates, port_));
  daemon_ = std::make_unique<Daemon>(
      std::vector<std::string>{"/usr/sbin/lighttpd", "-D", "-f", directory / "lighttpd.conf"});
  EXPECT_TRUE(Listens(port_, *daemon_)) << ReadText(directory / "lighttpd-errors");
}

std::string HttpsServer::Url(const std::string& path, const std::string& host) const {
  return "https://" + host + ":" + std::to_string(port_) + path;
}

std::string HttpsServer::Log() const { return ReadText(log_); }

void HttpsServer::ClearLog() const { fs::resize_file(log_, 0); }

SshServer::SshServer(const Directory& directory, const std::string& authorized_public_key)
    : keys_(directory / "host_key_"), port_(FreePort()) {
  for (const char* type : {"ed25519", "ecdsa"}) {
    Execute({"ssh-keygen", "-q", "-t", type, "-N", "", "-f", keys_ + type});
  }
  if (::geteuid() == 0) fs::create_directories("/run/sshd");  // Where sshd locks itself up.
  WriteText(directory / "authorized_keys", authorized_public_key);
  WriteText(directory / "sshd_config",
            "ListenAddress 127.0.0.1\nPort " + std::to_string(port_) + "\nHostKey " + keys_ +
                "ecdsa\nHostKey " + keys_ + "ed25519\nAuthorizedKeysFile " +
                (directory / "authorized_keys") +
                "\nPidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\n"
                "KbdInteractiveAuthentication no\nPermitRootLogin yes\n"
                "SetEnv GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0=*\n");
  daemon_ = std::make_unique<Daemon>(
      std::vector<std::string>{"/usr/sbin/sshd", "-D", "-q", "-f", directory / "sshd_config"});
  EXPECT_TRUE(Listens(port_, *daemon_));
}

std::string SshServer::Url(const std::string& path) const {
  return "ssh://" + std::string(::getpwuid(::geteuid())->pw_name) +
         "@localhost:" + std::to_string(port_) + path;
}

std::string SshServer::KnownHosts(const std::string& type) const {
  return "[localhost]:" + std::to_string(port_) + " " + ReadText(keys_ + type + ".pub");
}

}  // namespace slipway::git::test
