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

}  // namespace
}  // namespace slipway::objects
