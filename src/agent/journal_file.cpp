#include "src/agent/journal_file.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "reconciler/api/json_codecs.hpp"
#include "reconciler/base/json.hpp"
#include "src/agent/files.hpp"

namespace slipway::agent {
namespace {

using api::codec::Cursor;
using api::codec::Form;
using api::codec::Json;
using api::codec::Presence;

constexpr std::size_t kMaxJournalBytes = 64U << 20;
constexpr std::int64_t kVersion = 1;

template <typename T>
Json ToJson(const T& value) {
  return api::codec::Write(value, Form::kComplete);
}

/// Reads members of one object; the first misfit is kept by the cursor.
class Members {
 public:
  Members(const Json& json, Cursor& at) : json_(json), at_(at) { api::codec::IsObject(json, at); }

  template <typename T>
  Members& Read(std::string_view key, T& value) {
    if (!at_.failed()) {
      api::codec::ReadField(json_, key, Presence::kOptional, value, at_);
    }
    return *this;
  }

  /// Reads a nested object by a function of this file.
  template <typename Function>
  Members& Nested(const char* key, Function read) {
    if (!at_.failed() && json_.contains(key)) {
      at_.Enter(key);
      read(json_[key]);
      at_.Leave();
    }
    return *this;
  }

 private:
  const Json& json_;
  Cursor& at_;
};

void ReadId(Members& members, host::ReleaseId& id) {
  members.Read("commit", id.commit).Read("hash", id.hash);
}

void ReadContent(Members& members, host::ContentRef& content) {
  members.Read("repository", content.repository)
      .Read("path", content.path)
      .Read("tree", content.tree);
}

void ReadStep(Members& members, Cursor& at, host::Step& step, MonoTime& began) {
  std::string name;
  members.Read("step", name).Read("stepBegan", began.since_start);
  const std::optional<host::Step> known = host::StepNamed(name);
  if (!known) {
    at.Refuse("no such step");
    return;
  }
  step = *known;
}

Json WriteRelease(const host::ReleaseRecord& release) {
  return {{"directory", release.directory}, {"commit", release.id.commit.value},
          {"hash", release.id.hash.value},  {"tree", release.tree.value},
          {"good", release.good},           {"template", ToJson(release.config)}};
}

void ReadRelease(const Json& json, host::ReleaseRecord& release, Cursor& at) {
  Members members(json, at);
  ReadId(members, release.id);
  members.Read("directory", release.directory)
      .Read("tree", release.tree)
      .Read("good", release.good)
      .Read("template", release.config);
}

Json WriteAttempt(const host::AttemptRecord& attempt) {
  Json json = {{"rollout", attempt.rollout},
               {"number", attempt.number},
               {"commit", attempt.id.commit.value},
               {"hash", attempt.id.hash.value},
               {"repository", attempt.content.repository},
               {"path", attempt.content.path},
               {"tree", attempt.content.tree.value},
               {"template", ToJson(attempt.config)},
               {"directory", attempt.directory},
               {"incarnation", attempt.incarnation},
               {"step", ToString(attempt.step)},
               {"stepBegan", ToJson(attempt.step_began.since_start)},
               {"stopped", attempt.stopped},
               {"message", attempt.message}};
  if (attempt.result) {
    json["result"] = ToJson(*attempt.result);
  }
  return json;
}

void ReadAttempt(const Json& json, host::AttemptRecord& attempt, Cursor& at) {
  Members members(json, at);
  ReadId(members, attempt.id);
  ReadContent(members, attempt.content);
  ReadStep(members, at, attempt.step, attempt.step_began);
  members.Read("rollout", attempt.rollout)
      .Read("number", attempt.number)
      .Read("template", attempt.config)
      .Read("directory", attempt.directory)
      .Read("incarnation", attempt.incarnation)
      .Read("stopped", attempt.stopped)
      .Read("result", attempt.result)
      .Read("message", attempt.message);
}

Json WriteApplication(const host::ApplicationRecord& record) {
  Json json = {{"lastGood", record.last_good}, {"releases", Json::array()}};
  for (const host::ReleaseRecord& release : record.releases) {
    json["releases"].push_back(WriteRelease(release));
  }
  if (record.attempt) {
    json["attempt"] = WriteAttempt(*record.attempt);
  }
  return json;
}

void ReadApplication(const Json& json, host::ApplicationRecord& record, Cursor& at) {
  Members(json, at)
      .Read("lastGood", record.last_good)
      .Nested("releases",
              [&](const Json& list) {
                for (const Json& item : list) {
                  ReadRelease(item, record.releases.emplace_back(), at);
                }
              })
      .Nested("attempt",
              [&](const Json& item) { ReadAttempt(item, record.attempt.emplace(), at); });
}

Json WriteTest(const host::TestRecord& test) {
  Json json = {{"name", test.name},
               {"uid", test.uid.value},
               {"application", test.application},
               {"rollout", test.rollout},
               {"number", test.number},
               {"commit", test.id.commit.value},
               {"hash", test.id.hash.value},
               {"repository", test.content.repository},
               {"path", test.content.path},
               {"tree", test.content.tree.value},
               {"template", ToJson(test.config)},
               {"incarnation", test.incarnation},
               {"step", ToString(test.step)},
               {"stepBegan", ToJson(test.step_began.since_start)},
               {"suite", test.suite},
               {"checkedOut", test.checked_out},
               {"done", test.done},
               {"stops", test.stops},
               {"cleanUps", test.clean_ups},
               {"removals", test.removals},
               {"message", test.message},
               {"suites", ToJson(test.suites)},
               {"failures", ToJson(test.failures)}};
  if (test.result) {
    json["result"] = ToJson(*test.result);
  }
  return json;
}

void ReadTest(const Json& json, host::TestRecord& test, Cursor& at) {
  Members members(json, at);
  ReadId(members, test.id);
  ReadContent(members, test.content);
  ReadStep(members, at, test.step, test.step_began);
  members.Read("name", test.name)
      .Read("uid", test.uid)
      .Read("application", test.application)
      .Read("rollout", test.rollout)
      .Read("number", test.number)
      .Read("template", test.config)
      .Read("incarnation", test.incarnation)
      .Read("suite", test.suite)
      .Read("checkedOut", test.checked_out)
      .Read("done", test.done)
      .Read("stops", test.stops)
      .Read("cleanUps", test.clean_ups)
      .Read("removals", test.removals)
      .Read("message", test.message)
      .Read("suites", test.suites)
      .Read("failures", test.failures)
      .Read("result", test.result);
}

void ReadEpoch(const Json& json, host::Epoch& epoch, Cursor& at) {
  Members(json, at).Read("incarnation", epoch.incarnation).Read("version", epoch.version);
}

}  // namespace

std::string EncodeJournal(const host::Journal& journal) {
  Json json = {
      {"version", kVersion},
      {"incarnation", journal.incarnation},
      {"epoch", {{"incarnation", journal.epoch.incarnation}, {"version", journal.epoch.version}}},
      {"applications", Json::object()},
      {"tests", Json::array()}};
  for (const auto& [name, record] : journal.applications) {
    json["applications"][name] = WriteApplication(record);
  }
  for (const auto& [name, test] : journal.tests) {
    json["tests"].push_back(WriteTest(test));
  }
  return PrintJson(json);
}

Result<host::Journal> DecodeJournal(const std::string& text) {
  SLIPWAY_TRY(json, api::codec::Parse(text));
  host::Journal journal;
  Cursor at;
  std::int64_t version = 0;
  Members(json, at).Read("version", version);
  if (version > kVersion) {
    return Fail(Code::kForbidden, "it was written by a newer agent, as version " +
                                      std::to_string(version) + "; run that one");
  }
  Members(json, at)
      .Read("incarnation", journal.incarnation)
      .Nested("epoch", [&](const Json& epoch) { ReadEpoch(epoch, journal.epoch, at); })
      .Nested("applications",
              [&](const Json& applications) {
                for (const auto& [name, record] : applications.items()) {
                  ReadApplication(record, journal.applications[name], at);
                }
              })
      .Nested("tests", [&](const Json& tests) {
        for (const Json& item : tests) {
          host::TestRecord test;
          ReadTest(item, test, at);
          journal.tests[test.name] = std::move(test);
        }
      });
  if (at.failed()) {
    return at.TakeError();
  }
  if (version != kVersion) {
    return Fail(Code::kInvalid,
                "version " + std::to_string(version) + " of the journal is not known");
  }
  return journal;
}

JournalFile::JournalFile(std::string path) : path_(std::move(path)) {}

Result<host::Journal> JournalFile::Load(std::string& warning) {
  Result<std::string> text = ReadFile(path_, kMaxJournalBytes);
  if (!text && text.error().code == Code::kNotFound) {
    return host::Journal{};
  }
  if (!text) {
    return text.error();
  }
  Result<host::Journal> journal = DecodeJournal(text.value());
  if (journal) {
    return journal;
  }
  if (journal.error().code == Code::kForbidden) {
    return Fail(Code::kForbidden, path_ + ": " + journal.error().message);
  }
  const std::string aside = path_ + ".damaged";
  warning = path_ + ": is damaged (" + journal.error().message + "); it is kept as " + aside +
            " and a new one is begun";
  if (::rename(path_.c_str(), aside.c_str()) != 0) {
    return SystemError(path_, "is damaged, and cannot be moved aside");
  }
  return host::Journal{};
}

Result<void> JournalFile::Save(const host::Journal& journal) {
  return WriteFileAtomically(path_, EncodeJournal(journal), 0600);
}

}  // namespace slipway::agent
