#include "src/protobuf/object_body.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "reconciler/base/json.hpp"

namespace slipway::protobuf {
namespace {

using nlohmann::json;
using testing::HasSubstr;

struct Sample {
  const char* name;
  const char* bytes;  ///< hexadecimal
  const char* text;   ///< what the same client would send as JSON
};

void PrintTo(const Sample& sample, std::ostream* out) { *out << sample.name; }

/// What kubectl 1.35.2 sends for create namespace, secret, configmap, auth can-i, can-i --list, whoami.
const std::vector<Sample>& SentByKubectl() {
  static const std::vector<Sample> samples = {
      {"Namespace",
       "6b3873000a0f0a02763112094e616d657370616365121b0a130a0372656312001a0022002a003200380042"
       "0012001a020a001a002200",
       R"({"metadata":{"name":"rec","creationTimestamp":null},"spec":{},"status":{},)"
       R"("apiVersion":"v1","kind":"Namespace"})"},
      {"Secret",
       "6b3873000a0c0a027631120653656372657412200a140a017312001a0372656322002a0032003800420012"
       "060a01611201621a001a002200",
       R"({"metadata":{"name":"s","namespace":"rec","creationTimestamp":null},"data")"
       R"(:{"a":"Yg=="},"apiVersion":"v1","kind":"Secret"})"},
      {"ConfigMap",
       "6b3873000a0f0a0276311209436f6e6669674d6170121e0a140a016312001a0372656322002a0032003800"
       "420012060a01611201621a002200",
       R"({"metadata":{"name":"c","namespace":"rec","creationTimestamp":null},"data")"
       R"(:{"a":"b"},"apiVersion":"v1","kind":"ConfigMap"})"},
      {"SelfSubjectAccessReview",
       "6b3873000a320a17617574686f72697a6174696f6e2e6b38732e696f2f7631121753656c665375626a6563"
       "74416363657373526576696577123f0a100a0012001a0022002a0032003800420012210a1f0a0764656661"
       "756c7412036765741a0022002a077365637265747332003a001a08080012001a0020001a002200",
       R"({"metadata":{"creationTimestamp":null},"spec":{"resourceAttributes":{"name)"
       R"(space":"default","verb":"get","resource":"secrets"}},"apiVersion":"authori)"
       R"(zation.k8s.io/v1","kind":"SelfSubjectAccessReview"})"},
      {"SelfSubjectRulesReview",
       "6b3873000a310a17617574686f72697a6174696f6e2e6b38732e696f2f7631121653656c665375626a6563"
       "7452756c657352657669657712230a100a0012001a0022002a0032003800420012090a0764656661756c74"
       "1a04180022001a002200",
       R"({"metadata":{"creationTimestamp":null},"spec":{"namespace":"default"},"api)"
       R"(Version":"authorization.k8s.io/v1","kind":"SelfSubjectRulesReview"})"},
      {"SelfSubjectReview",
       "6b3873000a2d0a1861757468656e7469636174696f6e2e6b38732e696f2f7631121153656c665375626a65"
       "6374526576696577121a0a100a0012001a0022002a0032003800420012060a040a0012001a002200",
       R"({"metadata":{"creationTimestamp":null},"apiVersion":"authentication.k8s.io)"
       R"(/v1","kind":"SelfSubjectReview"})"},
  };
  return samples;
}

/// Whole objects, bytes and JSON as Kubernetes' own Go library (v0.32.3) writes them.
const std::vector<Sample>& WrittenByGo() {
  static const std::vector<Sample> samples = {
      {"Namespace",
       "6b3873000a0f0a02763112094e616d65737061636512c6010aab010a016e1202672d1a026e7322002a0175"
       "3201373803420808bdb0a0d80610004a0808bdb0a0d806100050005a060a016c12013162060a0161120132"
       "6a1a0a09436f6e6669674d61701a016f22026f752a0276313001380072026631720266328a01490a076b75"
       "626563746c12054170706c791a027631220808bdb0a0d806100032084669656c647356313a170a157b2266"
       "3a64617461223a7b22663a61223a7b7d7d7d4206737461747573120c0a0a6b756265726e657465731a080a"
       "064163746976651a002200",
       R"({"kind":"Namespace","apiVersion":"v1","metadata":{"name":"n","generateName)"
       R"(":"g-","namespace":"ns","uid":"u","resourceVersion":"7","generation":3,"cr)"
       R"(eationTimestamp":"2026-11-26T11:30:05Z","deletionTimestamp":"2026-11-26T11)"
       R"(:30:05Z","deletionGracePeriodSeconds":0,"labels":{"l":"1"},"annotations":{)"
       R"("a":"2"},"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":")"
       R"(o","uid":"ou","controller":true,"blockOwnerDeletion":false}],"finalizers":)"
       R"(["f1","f2"],"managedFields":[{"manager":"kubectl","operation":"Apply","api)"
       R"(Version":"v1","time":"2026-11-26T11:30:05Z","fieldsType":"FieldsV1","field)"
       R"(sV1":{"f:data":{"f:a":{}}},"subresource":"status"}]},"spec":{"finalizers":)"
       R"(["kubernetes"]},"status":{"phase":"Active"}})"},
      {"Event",
       "6b3873000a0b0a02763112054576656e74129a010a110a016512001a0022002a00320038004200121f0a06"
       "53656372657412026e731a016e2201752a0276313201313a04646174611a015222014d2a060a0163120168"
       "320808bdb0a0d80610003a0808bdb0a0d806100040024a064e6f726d616c520b08bdb0a0d806108094ef3a"
       "5a0f0803120b08bdb0a0d806108094ef3a6201416a0f0a0012001a017222002a0032003a00720272637a02"
       "72691a002200",
       R"({"kind":"Event","apiVersion":"v1","metadata":{"name":"e","creationTimestam)"
       R"(p":null},"involvedObject":{"kind":"Secret","namespace":"ns","name":"n","ui)"
       R"(d":"u","apiVersion":"v1","resourceVersion":"1","fieldPath":"data"},"reason)"
       R"(":"R","message":"M","source":{"component":"c","host":"h"},"firstTimestamp")"
       R"(:"2026-11-26T11:30:05Z","lastTimestamp":"2026-11-26T11:30:05Z","count":2,")"
       R"(type":"Normal","eventTime":"2026-11-26T11:30:05.123456Z","series":{"count")"
       R"(:3,"lastObservedTime":"2026-11-26T11:30:05.123456Z"},"action":"A","related)"
       R"(":{"name":"r"},"reportingComponent":"rc","reportingInstance":"ri"})"},
      {"EmptyEvent",
       "6b3873000a0b0a02763112054576656e74123c0a100a0012001a0022002a00320038004200120e0a001200"
       "1a0022002a0032003a001a0022002a040a00120032003a0040004a005200620072007a001a002200",
       R"({"kind":"Event","apiVersion":"v1","metadata":{"creationTimestamp":null},"i)"
       R"(nvolvedObject":{},"source":{},"firstTimestamp":null,"lastTimestamp":null,")"
       R"(eventTime":null,"reportingComponent":"","reportingInstance":""})"},
      {"Lease",
       "6b3873000a1f0a16636f6f7264696e6174696f6e2e6b38732e696f2f763112054c6561736512350a110a01"
       "6c12001a0022002a0032003800420012200a00100f1a0b08bdb0a0d806108094ef3a220b08bdb0a0d80610"
       "8094ef3a28001a002200",
       R"({"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":{"name":")"
       R"(l","creationTimestamp":null},"spec":{"holderIdentity":"","leaseDurationSec)"
       R"(onds":15,"acquireTime":"2026-11-26T11:30:05.123456Z","renewTime":"2026-11-)"
       R"(26T11:30:05.123456Z","leaseTransitions":0}})"},
      {"Secret",
       "6b3873000a0c0a027631120653656372657412390a110a017312001a0022002a0032003800420012080a01"
       "62120300ff1012050a016512001a064f706171756522090a017412047465787428001a002200",
       R"({"kind":"Secret","apiVersion":"v1","metadata":{"name":"s","creationTimesta)"
       R"(mp":null},"immutable":false,"data":{"b":"AP8Q","e":""},"stringData":{"t":")"
       R"(text"},"type":"Opaque"})"},
      {"ConfigMap",
       "6b3873000a0f0a0276311209436f6e6669674d617012280a110a016312001a0022002a0032003800420012"
       "070a01611202c3bc1a080a0162120378797a20011a002200",
       R"({"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"c","creationTime)"
       R"(stamp":null},"immutable":true,"data":{"a":"ü"},"binaryData":{"b":"eHl6"}})"},
      {"DeleteOptions",
       "6b3873000a130a027631120d44656c6574654f7074696f6e73121b080012060a0175120135220a466f7265"
       "67726f756e642a03416c6c1a002200",
       R"({"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":0,"precondi)"
       R"(tions":{"uid":"u","resourceVersion":"5"},"propagationPolicy":"Foreground",)"
       R"("dryRun":["All"]})"},
  };
  return samples;
}

std::string Bytes(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

constexpr ExpectedObject kSecret{.api_version = "v1", .kind = "Secret"};

/// A field of wire type 2, shorter than 128 bytes.
std::string Field(int number, const std::string& content) {
  return std::string{static_cast<char>(number << 3 | 2), static_cast<char>(content.size())} +
         content;
}

std::string Body(const std::string& api_version, const std::string& kind, const std::string& raw) {
  return std::string("k8s\0", 4) + Field(1, Field(1, api_version) + Field(2, kind)) + Field(2, raw);
}

std::string Refusal(const std::string& body, const ExpectedObject& expected = kSecret) {
  const auto text = ObjectTextOfProtobuf(body, expected);
  if (text.has_value()) {
    return "";
  }
  EXPECT_EQ(text.error().code, Code::kBadRequest);
  return text.error().message;
}

class ObjectBodyTest : public testing::TestWithParam<Sample> {};

TEST_P(ObjectBodyTest, IsWhatTheClientMeans) {
  const json wanted = ReadJson(GetParam().text);
  const std::string version = wanted["apiVersion"];
  const std::string kind = wanted["kind"];
  const auto text =
      ObjectTextOfProtobuf(Bytes(GetParam().bytes), {.api_version = version, .kind = kind});
  ASSERT_TRUE(text.has_value()) << text.error().message;
  EXPECT_EQ(ReadJson(text.value()), wanted);
}

TEST_P(ObjectBodyTest, CutOffAnywhereItIsRefusedOrShorter) {
  const std::string whole = Bytes(GetParam().bytes);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto text = ObjectTextOfProtobuf(std::string_view(whole).substr(0, length), kSecret);
    EXPECT_TRUE(text.has_value() || text.error().code == Code::kBadRequest) << length;
  }
}

INSTANTIATE_TEST_SUITE_P(SentByKubectl, ObjectBodyTest, testing::ValuesIn(SentByKubectl()),
                         [](const auto& sample) { return std::string(sample.param.name); });
INSTANTIATE_TEST_SUITE_P(WrittenByGo, ObjectBodyTest, testing::ValuesIn(WrittenByGo()),
                         [](const auto& sample) { return std::string(sample.param.name); });

TEST(ObjectBody, WhatIsNoBodyIsRefusedInKubernetesWords) {
  const std::string prefix = "the object provided is unrecognized (must be of type Secret): ";
  EXPECT_EQ(Refusal(""), prefix + "empty data (<empty>)");
  EXPECT_EQ(Refusal(std::string("k8s\0", 4)), prefix + "empty body (6b387300)");
  EXPECT_EQ(Refusal(std::string("k8s\0\xff\xff", 6)), prefix + "unexpected EOF (6b387300ffff)");
  EXPECT_EQ(Refusal(R"({"kind":"Secret","apiVersion":"v1","metadata":{}})"),
            prefix +
                "provided data does not appear to be a protobuf message, expected prefix "
                R"([107 56 115 0] ({"kind":"Secret","apiVersion": ...))");
}

TEST(ObjectBody, AKindThatIsNotKnownIsRefusedInKubernetesWords) {
  EXPECT_EQ(Refusal(Body("v1", "Foo", "")),
            R"(Foo in version "v1" cannot be handled as a Secret: no kind "Foo" is registered for )"
            R"(version "v1" in scheme "pkg/runtime/scheme.go:100")");
  EXPECT_THAT(Refusal(Body("foo.dev/v2", "Secret", "")),
              HasSubstr(R"(Secret in version "v2" cannot be handled as a Secret: no kind "Secret" )"
                        R"(is registered for version "foo.dev/v2")"));
  EXPECT_EQ(Refusal(Body("v1", "Secret", "\x0a\x7f")),
            R"(Secret in version "v1" cannot be handled as a Secret: unexpected EOF)");
}

TEST(ObjectBody, SaysNothingThenItIsWhatIsExpected) {
  const auto text = ObjectTextOfProtobuf(Body("", "", Field(3, "Opaque")), kSecret);
  ASSERT_TRUE(text.has_value()) << text.error().message;
  EXPECT_EQ(text.value(), R"({"apiVersion":"v1","kind":"Secret","type":"Opaque"})");
}

TEST(ObjectBody, CustomResourcesHaveNoSuchForm) {
  const auto text =
      ObjectTextOfProtobuf(Body("slipway.dev/v1alpha1", "Application", ""),
                           {.api_version = "slipway.dev/v1alpha1", .kind = "Application"});
  ASSERT_FALSE(text.has_value());
  EXPECT_EQ(text.error().code, Code::kUnsupportedMediaType);
}

TEST(ObjectBody, DeleteOptionsBelongToEveryGroup) {
  const auto text =
      ObjectTextOfProtobuf(Body("slipway.dev/v1alpha1", "DeleteOptions", Field(5, "All")),
                           {.api_version = "v1", .kind = "DeleteOptions"});
  ASSERT_TRUE(text.has_value()) << text.error().message;
  EXPECT_EQ(ReadJson(text.value())["dryRun"], json({"All"}));
}

TEST(ObjectBody, FieldsThatAreNotKnownAreSkipped) {
  const auto text =
      ObjectTextOfProtobuf(Body("v1", "Secret", Field(15, "later") + Field(3, "t")), kSecret);
  ASSERT_TRUE(text.has_value()) << text.error().message;
  EXPECT_EQ(ReadJson(text.value())["type"], "t");
}

TEST(ObjectBody, TextThatIsNoUtf8IsRefused) {
  EXPECT_NE(Refusal(Body("v1", "Secret", Field(3, "\xff"))), "");
}

TEST(ObjectBody, GroupsInsideEachOtherEnd) {
  EXPECT_NE(Refusal(Body("v1", "Secret", std::string(120, '\x7b'))), "");
}

TEST(ObjectBody, FieldsV1MustBeJson) {
  const auto entry = [](const std::string& fields) {
    return Body(
        "v1", "Secret",
        Field(1, std::string("\x8a\x01", 2) + std::string(1, static_cast<char>(fields.size() + 4)) +
                     Field(7, Field(1, fields))));
  };
  EXPECT_EQ(Refusal(entry(R"({"f:a":{}})")), "");
  EXPECT_THAT(Refusal(entry("{")),
              HasSubstr("cannot be handled as a Secret: the text is not JSON"));
  EXPECT_THAT(Refusal(entry(std::string(70, '['))), HasSubstr("nested deeper"));
}

TEST(ObjectBody, ATimeThatNobodyCanWriteIsRefused) {
  // Lease.spec.renewTime of 2^62 seconds, and of the last second that can be written.
  const auto lease = [](const std::string& seconds) {
    return Body("coordination.k8s.io/v1", "Lease", Field(2, Field(4, "\x08" + seconds)));
  };
  const ExpectedObject expected{.api_version = "coordination.k8s.io/v1", .kind = "Lease"};
  EXPECT_THAT(Refusal(lease("\x80\x80\x80\x80\x80\x80\x80\x80\x40"), expected),
              HasSubstr("outside the years 1 to 9999"));
  const auto last = ObjectTextOfProtobuf(lease("\xff\x82\xd1\xff\xaf\x07"), expected);
  ASSERT_TRUE(last.has_value()) << last.error().message;
  EXPECT_EQ(ReadJson(last.value())["spec"]["renewTime"], "9999-12-31T23:59:59.000000Z");
}

}  // namespace
}  // namespace slipway::protobuf
