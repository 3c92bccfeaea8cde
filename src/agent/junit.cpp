#include "src/agent/junit.hpp"

#include <nlohmann/json.hpp>

#include "reconciler/api/json_codecs.hpp"
#include "reconciler/base/json.hpp"

namespace slipway::agent {
namespace {

using api::codec::Cursor;
using api::codec::Form;
using api::codec::Presence;

}  // namespace

std::string EncodeJunitRequest(const JunitRequest& request) {
  return PrintJson(
      {{"directory", request.directory}, {"pattern", request.pattern}, {"suite", request.suite}});
}

Result<JunitRequest> DecodeJunitRequest(const std::string& text) {
  SLIPWAY_TRY(json, api::codec::Parse(text));
  JunitRequest request;
  Cursor at;
  if (api::codec::IsObject(json, at)) {
    api::codec::ReadField(json, "directory", Presence::kRequired, request.directory, at);
    api::codec::ReadField(json, "pattern", Presence::kRequired, request.pattern, at);
    api::codec::ReadField(json, "suite", Presence::kRequired, request.suite, at);
  }
  if (at.failed()) {
    return at.TakeError();
  }
  return request;
}

std::string EncodeJunitReply(const JunitReply& reply) {
  return PrintJson({{"error", reply.error},
                    {"files", reply.files},
                    {"tests", reply.tests},
                    {"failures", reply.failures},
                    {"errors", reply.errors},
                    {"skipped", reply.skipped},
                    {"cases", api::codec::Write(reply.cases, Form::kComplete)}});
}

Result<JunitReply> DecodeJunitReply(const std::string& text) {
  SLIPWAY_TRY(json, api::codec::Parse(text));
  JunitReply reply;
  Cursor at;
  if (api::codec::IsObject(json, at)) {
    api::codec::ReadField(json, "error", Presence::kOptional, reply.error, at);
    api::codec::ReadField(json, "files", Presence::kRequired, reply.files, at);
    api::codec::ReadField(json, "tests", Presence::kRequired, reply.tests, at);
    api::codec::ReadField(json, "failures", Presence::kRequired, reply.failures, at);
    api::codec::ReadField(json, "errors", Presence::kRequired, reply.errors, at);
    api::codec::ReadField(json, "skipped", Presence::kRequired, reply.skipped, at);
    api::codec::ReadField(json, "cases", Presence::kOptional, reply.cases, at);
  }
  if (at.failed()) {
    return at.TakeError();
  }
  return reply;
}

}  // namespace slipway::agent
