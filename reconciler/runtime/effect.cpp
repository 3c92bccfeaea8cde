#include "reconciler/runtime/effect.hpp"

#include "reconciler/base/overloaded.hpp"

namespace slipway::runtime {
namespace {

std::string Describe(const OutsideRequest& request) {
  return std::visit(
      Overloaded{[](const FetchRepository& fetch) { return "fetch " + fetch.repository; },
                 [](const ResolveRevision& resolve) {
                   return "resolve " + resolve.repository + " " + resolve.head.value + ":" +
                          resolve.path;
                 },
                 [](const Pin& pin) {
                   return "pin " + pin.repository + " " + pin.id + "=" + pin.commit.value;
                 },
                 [](const Unpin& unpin) { return "unpin " + unpin.repository + " " + unpin.id; },
                 [](const ListServers&) { return std::string("list servers"); },
                 [](const CompleteLaunch& complete) {
                   return "complete the launch of " + complete.server;
                 }},
      request);
}

}  // namespace

std::string ReasonOf(const Error& error) {
  const bool named = !error.causes.empty() && !error.causes.front().reason.empty();
  return named ? error.causes.front().reason : Reason(error.code);
}

std::string Describe(const Effect& effect) {
  return std::visit(
      Overloaded{
          [](const Create& work) { return "create " + ToString(work.key) + " " + work.json; },
          [](const Patch& work) { return "patch " + ToString(work.key) + " " + work.operations; },
          [](const WriteStatus& work) {
            return "status " + ToString(work.key) + " " + work.status;
          },
          [](const Delete& work) { return "delete " + ToString(work.key); },
          [](const Get& work) { return "get " + ToString(work.key); },
          [](const Outside& work) {
            return "outside " + ToString(work.key) + " " + work.slot + ": " +
                   Describe(work.request);
          }},
      effect.work);
}

}  // namespace slipway::runtime
