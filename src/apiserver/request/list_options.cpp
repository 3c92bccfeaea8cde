#include "src/apiserver/request/list_options.hpp"

#include <charconv>
#include <string_view>
#include <utility>
#include <vector>

#include "src/apiserver/registry/continue_token.hpp"
#include "src/apiserver/request/option_faults.hpp"
#include "src/apiserver/request/request_options.hpp"

namespace slipway::apiserver {
namespace {

using http::RequestHead;

constexpr const char* kListOptions = "ListOptions";
constexpr const char* kMatchField = "resourceVersionMatch";
/// Of those that do not say how long; they last twice as long at most.
constexpr Duration kShortestWatch = std::chrono::minutes(30);
/// Also the longest that can be added to a clock.
constexpr std::int64_t kLongestSeconds = 1'000'000'000;

/// A number of a query as Go reads it; nullopt where it is absent.
Result<std::optional<std::int64_t>> NumberOf(const RequestHead& head, std::string_view parameter) {
  if (!head.HasQuery(parameter)) {
    return std::optional<std::int64_t>();
  }
  const std::string_view text = head.Query(parameter);
  std::int64_t number = 0;
  const char* begin = text.data() + (text.starts_with('+') && !text.starts_with("+-") ? 1 : 0);
  const auto [end, error] = std::from_chars(begin, text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) {
    return std::optional(number);
  }
  const char* why =
      error == std::errc::result_out_of_range ? "value out of range" : "invalid syntax";
  return Fail(Code::kBadRequest, "strconv.ParseInt: parsing " + QuotedText(text) + ": " + why);
}

Selectors SelectorsOf(const RequestHead& head) {
  return {.label = std::string(head.Query("labelSelector")),
          .field = std::string(head.Query("fieldSelector"))};
}

Result<void> CheckList(const RequestHead& head) {
  OptionFaults faults(kListOptions);
  const std::string_view match = head.Query(kMatchField);
  if (!match.empty()) {
    if (head.Query("resourceVersion").empty()) {
      faults.Forbid(kMatchField,
                    "resourceVersionMatch is forbidden unless resourceVersion is provided");
    }
    if (!head.Query("continue").empty()) {
      faults.Forbid(kMatchField, "resourceVersionMatch is forbidden when continue is provided");
    }
    if (match != "Exact" && match != "NotOlderThan") {
      faults.NotSupported(kMatchField, QuotedText(match), {"Exact", "NotOlderThan", ""});
    }
    if (match == "Exact" && head.Query("resourceVersion") == "0") {
      faults.Forbid(kMatchField,
                    "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
    }
  }
  if (head.HasQuery("sendInitialEvents")) {
    faults.Forbid("sendInitialEvents", "sendInitialEvents is forbidden for list");
  }
  return faults.Verdict();
}

Result<void> CheckWatch(const RequestHead& head) {
  OptionFaults faults(kListOptions);
  const std::string_view match = head.Query(kMatchField);
  const bool says_initial = head.HasQuery("sendInitialEvents");
  if (says_initial && match != "NotOlderThan") {
    faults.Forbid(kMatchField,
                  "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
  }
  if (!match.empty()) {
    if (!says_initial) {
      faults.Forbid(
          kMatchField,
          "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
    }
    if (match != "NotOlderThan") {
      faults.NotSupported(kMatchField, QuotedText(match), {"NotOlderThan"});
    }
  }
  // Who names neither a version nor a match asks for what is there, which is a match.
  const std::string_view version = head.Query("resourceVersion");
  const bool asks = !says_initial && (version.empty() || version == "0");
  if ((!match.empty() || asks) && !head.Query("continue").empty()) {
    faults.Forbid(kMatchField, "resourceVersionMatch is forbidden when continue is provided");
  }
  return faults.Verdict();
}

/// The next page is of the moment that the token names.
Result<void> CheckContinued(const RequestHead& head) {
  SLIPWAY_TRYV(ContinueToken::Parse(std::string(head.Query("continue"))));
  const std::string_view version = head.Query("resourceVersion");
  if (!version.empty() && version != "0") {
    return Fail(Code::kBadRequest,
                "specifying resource version is not allowed when using continue");
  }
  return Ok();
}

}  // namespace

Result<std::optional<store::Revision>> RevisionOf(const RequestHead& head) {
  const std::string_view text = head.Query("resourceVersion");
  if (text.empty()) {
    return std::optional<store::Revision>();
  }
  store::Revision number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size() && number >= 0;
  if (!whole) {
    const char* why = error == std::errc::result_out_of_range && !text.starts_with('-')
                          ? "value out of range"
                          : "invalid syntax";
    const std::string quoted = QuotedText(text);
    return Fail(Code::kUnexplained, "resourceVersion: Invalid value: " + quoted +
                                        ": strconv.ParseUint: parsing " + quoted + ": " + why);
  }
  return std::optional(number);
}

Result<ListRequest> ListRequestOf(const RequestHead& head) {
  SLIPWAY_TRY(limit, NumberOf(head, "limit"));
  SLIPWAY_TRYV(NumberOf(head, "timeoutSeconds"));
  SLIPWAY_TRYV(CheckList(head));
  ListRequest request;
  request.options.selectors = SelectorsOf(head);
  request.options.limit = limit.value_or(0) > 0 ? static_cast<std::size_t>(*limit) : 0;
  request.options.continue_token = std::string(head.Query("continue"));
  if (!request.options.continue_token.empty()) {
    SLIPWAY_TRYV(CheckContinued(head));
    return request;
  }
  const std::string_view match = head.Query(kMatchField);
  // A page of a list at a version means that version, and any version means all that is there at once.
  const bool exact = match == "Exact" || (match.empty() && request.options.limit > 0);
  auto read = RevisionOf(head);
  if (!read.has_value()) {
    return exact ? Fail(Code::kBadRequest, "invalid resource version: " + read.error().message)
                 : read.error();
  }
  const std::optional<store::Revision> revision = read.value();
  if (revision == 0) {
    request.options.limit = 0;
  } else if (exact && revision) {
    request.options.revision = *revision;
  } else {
    request.not_older = revision.value_or(0);
  }
  return request;
}

Result<WatchRequest> WatchRequestOf(const RequestHead& head) {
  SLIPWAY_TRYV(NumberOf(head, "limit"));
  SLIPWAY_TRY(longest, NumberOf(head, "timeoutSeconds"));
  SLIPWAY_TRYV(CheckWatch(head));
  SLIPWAY_TRY(revision, RevisionOf(head));
  WatchRequest request;
  request.selectors = SelectorsOf(head);
  request.bookmarks = IsTrue(head, "allowWatchBookmarks");
  // Whoever names no version is taken to ask for what is there, mark included.
  request.initial = head.HasQuery("sendInitialEvents") ? IsTrue(head, "sendInitialEvents")
                                                       : revision.value_or(0) == 0;
  request.not_older = request.initial ? revision.value_or(0) : 0;
  request.mark_end = request.initial && request.bookmarks;
  request.after = revision.value_or(0);
  if (longest.value_or(0) != 0) {
    const std::int64_t seconds = std::clamp<std::int64_t>(*longest, 0, kLongestSeconds);
    request.longest = std::chrono::seconds(seconds);
  }
  return request;
}

Duration TimeOf(const WatchRequest& request, Rng& rng) {
  return request.longest.value_or(
      kShortestWatch + Duration(rng.Below(static_cast<std::uint64_t>(kShortestWatch.count()))));
}

}  // namespace slipway::apiserver
