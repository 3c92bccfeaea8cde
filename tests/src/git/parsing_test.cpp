#include <gtest/gtest.h>

#include "src/git/checkout.hpp"
#include "src/git/fetch_request.hpp"
#include "src/git/known_hosts.hpp"
#include "src/git/problem.hpp"
#include "src/git/ssh_key.hpp"
#include "src/git/tree_writer.hpp"
#include "src/git/url.hpp"
#include "tests/src/git/world.hpp"

namespace slipway::git::test {
namespace {

TEST(Url, IsTakenApart) {
  auto url = ParseUrl("ssh://deploy@Git.Example.com:2222/team/app.git");
  ASSERT_TRUE(url.has_value());
  EXPECT_EQ(url.value().user, "deploy");
  EXPECT_EQ(url.value().host, "git.example.com");
  EXPECT_EQ(url.value().port, "2222");
  EXPECT_EQ(url.value().path, "/team/app.git");
  EXPECT_EQ(ParseUrl("https://[::1]:8443/x").value().host, "::1");
  EXPECT_EQ(ParseUrl("https://[::1]:8443/x").value().port, "8443");
}

TEST(Url, EverythingButTheAllowListIsRefused) {
  for (const char* url : {"http://host/app.git",
                          "git://host/app.git",
                          "git@host:team/app.git",
                          "/srv/app.git",
                          "ext::sh -c id",
                          "HTTPS://host/app",
                          "https://",
                          "https://host",
                          "https://host/",
                          "https:///x",
                          "https://-oProxyCommand=id/x",
                          "ssh://-oProxyCommand=id/x",
                          "ssh://-l@host/x",
                          "https://host:x/y",
                          "https://host:/y",
                          "https://host:1234567/y",
                          "https://ho st/x",
                          "https://host/x y",
                          "https://host/x\ny",
                          "https://[::1/x",
                          "file://host/x",
                          "https://ho%st/x",
                          "https://ho\"st/x",
                          ""}) {
    auto result = CheckUrl(url, /*allow_file=*/true);
    ASSERT_FALSE(result.has_value()) << url;
    EXPECT_EQ(ProblemOf(result.error()), Problem::kUrlNotAllowed) << url;
  }
}

TEST(Url, FileNeedsTheFlag) {
  EXPECT_TRUE(CheckUrl("file:///srv/app.git", true).has_value());
  auto refused = CheckUrl("file:///srv/app.git", false);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(ProblemOf(refused.error()), Problem::kUrlNotAllowed);
}

TEST(Url, CredentialsInItAreRefusedAndNotRepeated) {
  for (const char* url :
       {"https://ada:s3cret@host/x", "https://s3cret@host/x", "ssh://git:s3cret@host/x"}) {
    auto result = CheckUrl(url, false);
    ASSERT_FALSE(result.has_value()) << url;
    EXPECT_EQ(result.error().message.find("s3cret"), std::string::npos);
    EXPECT_NE(result.error().message.find("secretRef"), std::string::npos);
  }
}

TEST(Url, UserInfoIsRedactedWhereverItStands) {
  EXPECT_EQ(RedactUserInfo("cannot reach https://a:b@h/x and ssh://git@h/y, see http://h/z"),
            "cannot reach https://***@h/x and ssh://***@h/y, see http://h/z");
  EXPECT_EQ(RedactUserInfo("x://a@b@c"), "x://***@c");
  EXPECT_EQ(RedactUserInfo("mail ada@example.com"), "mail ada@example.com");
}

TEST(Ref, NamesFollowTheRulesOfGit) {
  for (const char* name : {"main", "feature/x", "v1.2", "a-b_c", "release@2"}) {
    EXPECT_TRUE(CheckRef({RefKind::kBranch, name}).has_value()) << name;
  }
  for (const char* name :
       {"",    "/main", "main/", "a//b", "a..b", ".a",    "a/.b", "a.lock", "a b", "a~1", "a^",
        "a:b", "a?b",   "a*",    "a[b",  "a\\b", "a@{1}", "@",    "a.",     "-a",  "a\tb"}) {
    EXPECT_FALSE(CheckRef({RefKind::kTag, name}).has_value()) << name;
  }
}

TEST(Ref, CommitsAreFullObjectIds) {
  EXPECT_TRUE(CheckRef({RefKind::kCommit, std::string(40, 'a')}).has_value());
  for (const std::string& name :
       {std::string("HEAD"), std::string(39, 'a'), std::string(41, 'a'), std::string(40, 'A'),
        std::string(40, 'g'), std::string("main@{upstream}")}) {
    EXPECT_FALSE(CheckRef({RefKind::kCommit, name}).has_value()) << name;
  }
}

TEST(Messages, FetchRequestsSurviveTheWire) {
  FetchRequest request;
  request.url = "https://host/x";
  request.ref = {RefKind::kTag, "v1"};
  request.credentials = {.username = "u",
                         .password = "p\"\n",
                         .bearer_token = "b",
                         .ssh_private_key = "k",
                         .ssh_passphrase = "w",
                         .known_hosts = "h",
                         .ca_certificates = "c"};
  request.mirror = "/m";
  request.allow_file = true;
  request.deadline = Duration(1234);
  request.limits = {1, 2, 3, 4};
  auto decoded = DecodeFetchRequest(EncodeFetchRequest(request));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(EncodeFetchRequest(decoded.value()), EncodeFetchRequest(request));
  EXPECT_EQ(decoded.value().ref, request.ref);
  EXPECT_EQ(decoded.value().credentials.password, "p\"\n");
  EXPECT_EQ(decoded.value().limits.cpu_seconds, 4u);
}

TEST(Messages, CheckoutRequestsSurviveTheWire) {
  CheckoutRequest request;
  request.repository = "/r";
  request.pack = "/p";
  request.want = Commit(std::string(40, 'a'));
  request.path = "services/shop";
  request.staging = "/s";
  request.keep = {Commit("b"), Commit("c")};
  request.max_packs = 3;
  request.limits = {1, 2, 3};
  auto decoded = DecodeCheckoutRequest(EncodeCheckoutRequest(request));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(EncodeCheckoutRequest(decoded.value()), EncodeCheckoutRequest(request));
  EXPECT_EQ(decoded.value().keep, request.keep);
}

TEST(Messages, ErrorsKeepTheirProblemAcrossTheWire) {
  for (Problem problem : {Problem::kUnreachable, Problem::kHostKeyMismatch, Problem::kBadPack}) {
    auto fetched = DecodeFetched(EncodeFetched(MakeError(problem, "do \xff this")));
    ASSERT_FALSE(fetched.has_value());
    EXPECT_EQ(ProblemOf(fetched.error()), problem);
    auto reply = DecodeCheckoutReply(EncodeCheckoutReply(MakeError(problem, "that")));
    ASSERT_FALSE(reply.has_value());
    EXPECT_EQ(ProblemOf(reply.error()), problem);
    EXPECT_EQ(reply.error().message, "that");
  }
}

TEST(Messages, WhatIsCutOffIsAnError) {
  for (const char* text : {"", "{", "[]", "7", "{\"commit\":\"HEAD\"}"}) {
    EXPECT_FALSE(DecodeFetched(text).has_value()) << text;
  }
  EXPECT_FALSE(DecodeFetchRequest("{}").has_value());
  EXPECT_FALSE(DecodeCheckoutReply("").has_value());
}

// "key one" and "key two" in base64.
constexpr const char* kOne = "a2V5IG9uZQ==";
constexpr const char* kTwo = "a2V5IHR3bw==";

TEST(KnownHosts, NamesPortsPatternsAndNegations) {
  const std::string text = "# comment\n\nplain,other ssh-ed25519 " + std::string(kOne) +
                           "\n[plain]:2222 ssh-ed25519 " + kTwo +
                           "\n*.corp,!evil.corp ssh-ed25519 " + kOne + "\n";
  EXPECT_EQ(CheckHostKey(text, "plain", "", "key one"), HostKeyVerdict::kKnown);
  EXPECT_EQ(CheckHostKey(text, "plain", "22", "key one"), HostKeyVerdict::kKnown);
  EXPECT_EQ(CheckHostKey(text, "other", "", "key one"), HostKeyVerdict::kKnown);
  EXPECT_EQ(CheckHostKey(text, "plain", "2222", "key two"), HostKeyVerdict::kKnown);
  EXPECT_EQ(CheckHostKey(text, "plain", "2222", "key one"), HostKeyVerdict::kOtherKey);
  EXPECT_EQ(CheckHostKey(text, "git.corp", "", "key one"), HostKeyVerdict::kKnown);
  EXPECT_EQ(CheckHostKey(text, "evil.corp", "", "key one"), HostKeyVerdict::kUnknownHost);
  EXPECT_EQ(CheckHostKey(text, "elsewhere", "", "key one"), HostKeyVerdict::kUnknownHost);
  EXPECT_EQ(CheckHostKey("", "plain", "", "key one"), HostKeyVerdict::kUnknownHost);
}

TEST(KnownHosts, ARevokedKeyIsRefusedThoughAnotherLineKnowsIt) {
  const std::string text = "plain ssh-ed25519 " + std::string(kOne) +
                           "\n@revoked plain ssh-ed25519 " + kOne +
                           "\n@cert-authority plain ssh-ed25519 " + kTwo + "\n";
  EXPECT_EQ(CheckHostKey(text, "plain", "", "key one"), HostKeyVerdict::kRevoked);
  EXPECT_EQ(CheckHostKey(text, "plain", "", "key two"), HostKeyVerdict::kOtherKey);
}

TEST(KnownHosts, HashedNamesAsSshKeygenWritesThem) {
  Directory directory;
  const std::string file = directory / "known_hosts";
  Execute({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", directory / "key"});
  const std::string key = ReadText(directory / "key.pub");
  WriteText(file, "git.example.com " + key + "[git.example.com]:2222 " + key);
  Execute({"ssh-keygen", "-q", "-H", "-f", file});
  const std::string text = ReadText(file);
  ASSERT_EQ(text.find("git.example.com"), std::string::npos);
  EXPECT_EQ(CheckHostKey(text, "git.example.com", "", "other"), HostKeyVerdict::kOtherKey);
  EXPECT_EQ(CheckHostKey(text, "git.example.com", "2222", "other"), HostKeyVerdict::kOtherKey);
  EXPECT_EQ(CheckHostKey(text, "git.example.com", "2223", "other"), HostKeyVerdict::kUnknownHost);
}

TEST(SshKey, Ed25519AndEcdsaPassWithAndWithoutPassphrase) {
  Directory directory;
  for (const char* type : {"ed25519", "ecdsa"}) {
    for (const char* passphrase : {"", "words"}) {
      const std::string file = directory / (std::string(type) + passphrase);
      Execute({"ssh-keygen", "-q", "-t", type, "-N", passphrase, "-f", file});
      EXPECT_TRUE(CheckSshKey(ReadText(file)).has_value()) << file;
    }
  }
}

TEST(SshKey, RsaIsRefusedInEveryFormWithTheAdvice) {
  Directory directory;
  for (const char* form : {"RFC4716", "PKCS8", "PEM"}) {
    for (const char* passphrase : {"", "words"}) {
      if (std::string(form) == "PKCS8" && *passphrase != '\0')
        continue;  // Nothing in it says which kind it is.
      const std::string file = directory / (std::string(form) + passphrase);
      Execute({"ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-m", form, "-N", passphrase, "-f",
               file});
      auto result = CheckSshKey(ReadText(file));
      ASSERT_FALSE(result.has_value()) << file;
      EXPECT_NE(result.error().message.find("ed25519"), std::string::npos);
    }
  }
}

TEST(SshKey, TextThatIsNoKeyIsRefusedAndNotRepeated) {
  auto result = CheckSshKey("hunter2");
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().message.find("hunter2"), std::string::npos);
}

TEST(Links, InsideMeansRelativeWithDotsFirstAndNotTooMany) {
  for (const char* target : {"a", "a/b", "./a", "a/./b", "a//b", ".", "...", "..a"}) {
    EXPECT_TRUE(IsInsideLink(target, 0)) << target;
  }
  EXPECT_TRUE(IsInsideLink("..", 1));
  EXPECT_TRUE(IsInsideLink("../../a/b", 2));
  for (const char* target :
       {"", "/", "/etc/passwd", "..", "../a", "./..", "a/..", "a/../b", "a/../../b"}) {
    EXPECT_FALSE(IsInsideLink(target, 0)) << target;
  }
  EXPECT_FALSE(IsInsideLink("../../a", 1));
  EXPECT_FALSE(IsInsideLink("../a/../b", 5));
  EXPECT_FALSE(IsInsideLink(std::string("a\0b", 3), 0));
  EXPECT_FALSE(IsInsideLink(std::string(5000, 'a'), 0));
}

}  // namespace
}  // namespace slipway::git::test
