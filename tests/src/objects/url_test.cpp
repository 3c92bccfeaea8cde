#include "src/objects/url.hpp"

#include <gtest/gtest.h>

namespace slipway::objects {
namespace {

TEST(Url, OnlyHostsUnderTheDomainAreUnderIt) {
  for (const char* good : {"https://compute.googleapis.com", "https://a.p.googleapis.com/compute/",
                           "https://compute.googleapis.com:443/"}) {
    EXPECT_TRUE(IsHttpsUnder(good, "googleapis.com")) << good;
  }
  for (const char* bad :
       {"", "http://compute.googleapis.com", "https://googleapis.com", "https://evilgoogleapis.com",
        "https://googleapis.com.evil.org", "https://evil.org/.googleapis.com",
        "https://evil.org?.googleapis.com", "https://evil.org#.googleapis.com",
        "https://evil.org:443.googleapis.com", "https://x@evil.org\\.googleapis.com",
        "HTTPS://compute.googleapis.com", "https://compute.googleapis.com:x@evil.org"}) {
    EXPECT_FALSE(IsHttpsUnder(bad, "googleapis.com")) << bad;
  }
}

TEST(Url, AHostIsAtItself) {
  EXPECT_TRUE(IsHttpsAt("https://management.azure.com/", "management.azure.com"));
  EXPECT_TRUE(IsHttpsAt("https://westeurope.management.azure.com:443", "management.azure.com"));
  for (const char* bad :
       {"", "https://", "http://management.azure.com", "https://azure.com",
        "https://evilmanagement.azure.com", "https://management.azure.com.evil.org",
        "https://management.azure.com@evil.org"}) {
    EXPECT_FALSE(IsHttpsAt(bad, "management.azure.com")) << bad;
  }
}

TEST(Url, SecretsGoOverHttpsOrStayOnTheMachine) {
  for (const char* good :
       {"https://k.example.org", "https://k.example.org:5000/v3", "http://127.0.0.1",
        "http://localhost:5000", "http://localhost/v3", "https://10.0.0.1/"}) {
    EXPECT_TRUE(IsSafeUrl(good)) << good;
  }
  for (const char* bad :
       {"", "https://", "https:///v3", "http://10.0.0.1", "http://127.0.0.1.evil.org",
        "http://localhosts", "http://localhost@evil.org", "http://localhost:80@evil.org",
        "https://user@k.example.org", "http://127.0.0.1:x@example.org", "ftp://localhost",
        "HTTPS://k.example.org"}) {
    EXPECT_FALSE(IsSafeUrl(bad)) << bad;
  }
}

}  // namespace
}  // namespace slipway::objects
