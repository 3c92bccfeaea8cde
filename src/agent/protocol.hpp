#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "reconciler/api/rollout.hpp"
#include "reconciler/api/server.hpp"
#include "reconciler/api/shared.hpp"
#include "reconciler/api/testrun.hpp"
#include "reconciler/base/result.hpp"
#include "reconciler/base/time.hpp"
#include "reconciler/host/epoch.hpp"

/// What an agent and a gateway say to each other. Pure: no sockets; thread-safe.
///
/// One HTTPS listener, TLS 1.2 or newer. The server's certificate chain includes the CA certificate
/// itself, so that an agent that knows only its SHA-256 can check it. All but the first ask for the
/// agent's certificate.
///   POST /v1/claim             `Authorization: Bearer <token>`, ClaimRequest. 200 ClaimReply; 202
///                              ClaimWaiting: ask again. 401: the token is unknown. With the agent's
///                              certificate instead of a token: the next certificate for its key
///   GET  /v1/session           WebSocket, subprotocol kSubprotocol. Text frames, a message each
///   GET  /v1/packs?repository=NAMESPACE/NAME&want=COMMIT&have=COMMIT
///                              200 application/x-git-pack: thin against `have`; a snapshot where
///                              `have` is absent or unknown
///   POST /v1/logs/<requestId>  text/plain, at most kMaxLogBytes, or application/json Refusal
/// Every error of these has a JSON body Refusal.
namespace slipway::protocol {

inline constexpr std::string_view kSubprotocol = "slipway.agent.v1";
inline constexpr int kNewest = 1;  ///< versions of the messages that this build speaks
inline constexpr int kOldest = 1;

inline constexpr std::size_t kMaxMessageBytes = 4U << 20;     ///< of one frame, both ways
inline constexpr std::size_t kMaxClaimBytes = 64U << 10;      ///< body of POST /v1/claim
inline constexpr std::size_t kMaxLogBytes = 1U << 20;         ///< body of POST /v1/logs/<requestId>
inline constexpr std::size_t kMaxStepOutputBytes = 8U << 10;  ///< StepEvent::output

/// Both sides send WebSocket pings every Welcome::heartbeat_interval and take a peer that was
/// silent for this many of them (no frame of any kind) for dead.
inline constexpr int kSilentIntervals = 3;

/// An agent that cannot connect tries again at the latest after this pause.
inline constexpr Duration kLongestPause{60'000};

/// Codes with which a gateway closes a session; the reason is a sentence for people.
enum class CloseCode : std::uint16_t {
  kGoingAway = 1001,     ///< the gateway stops: come back after a jittered second
  kBadMessage = 4400,    ///< a frame that is no message of this protocol
  kNoVersion = 4406,     ///< no version of the messages in common
  kConflict = 4409,      ///< two live sessions of one identity: both are closed
  kUnknownServer = 4410  ///< the Server of this certificate is gone
  // After all but the first an agent comes back after half a minute, and jitter.
};

// ---- claiming ----

struct ClaimRequest {
  std::string name;
  std::string version;  ///< of the agent, such as "0.1.0"
  std::string csr;      ///< PEM, ECDSA P-256; its subject is ignored
  std::vector<std::string> addresses;
  std::string
      provider_id;  ///< as the machine's provider says it, such as aws:///ZONE/i-…; empty: unknown
};

struct ClaimReply {
  std::string certificate;  ///< PEM, CN=<namespace>/<server>, O=slipway:agents
  std::string ca;           ///< PEM
};

struct ClaimWaiting {
  std::string reason;  ///< of the ServerClaim's Ready condition: NoSuchServer, AlreadyClaimed,
                       ///< WrongFleet, Pending
  std::string message;
  Duration retry_after{2'000};  ///< at least; the agent adds jitter
};

/// Why something is not done: the body of every error.
struct Refusal {
  std::string reason;
  std::string message;
};

// ---- agent -> gateway ----

/// The first message of a session. A Report follows as soon as Welcome came.
struct Hello {
  std::vector<int> protocol;  ///< versions that the agent speaks
  std::string version;        ///< of the agent
  std::string name;           ///< for people; the certificate says whom it speaks for
  /// Grows with every start of this agent, also after its directory was lost.
  std::int64_t incarnation = 0;
  std::int64_t sequence = 0;              ///< of the newest Report of this incarnation; 0: none yet
  std::vector<std::string> capabilities;  ///< such as "run-as-user", "systemd"
};

struct TestRunReport {
  std::string name;
  Uid uid;
  api::TestRunStatus status;  ///< conditions and observedGeneration are the gateway's
};

/// Everything that the agent knows, as of now. Sent when it changed, and again (the newest only)
/// after a reconnect until it was acknowledged. A gateway drops one whose (incarnation, sequence)
/// is lower than what it has seen.
struct Report {
  std::int64_t incarnation = 0;
  std::int64_t sequence = 0;
  std::vector<std::string> addresses;
  host::Epoch epoch;    ///< newest that was accepted; incarnation empty: none yet
  std::string refused;  ///< why the newest Assign was refused; empty: it was not
  /// Ordered by application, at most host::kMaxApplications. `digest` is the git tree that was
  /// checked out.
  std::vector<api::ServerRelease> releases;
  std::vector<TestRunReport>
      test_runs;  ///< those it was assigned and has not yet been told to forget
};

/// A step began or ended. For people who watch; never stored, may be lost.
struct StepEvent {
  std::string application;
  std::string test_run;  ///< name; empty: an attempt of a release
  std::string rollout;
  std::int64_t attempt = 0;
  std::string step;  ///< Fetch, Install, Test, Stop, Switch, Start, Populate, Suite, CleanUp
  bool ended = false;
  std::string result;  ///< Succeeded, Failed, Interrupted; empty while it goes on
  Duration elapsed{0};
  std::string message;
  std::string
      output;  ///< tail of what it printed, at most kMaxStepOutputBytes, without ANSI sequences
};

/// A message of a type that this build does not know: a newer peer's. Ignored.
struct UnknownMessage {
  std::string type;
};

using AgentMessage = std::variant<Hello, Report, StepEvent, UnknownMessage>;

// ---- gateway -> agent ----

struct Welcome {
  int protocol = kNewest;  ///< the version that both speak from now on
  Duration heartbeat_interval{10'000};
};

/// One application that this server is to run.
struct ReleaseAssignment {
  api::Intent intent;
  std::string repository;        ///< NAMESPACE/NAME of the GitRepository, as /v1/packs wants it
  std::string path;              ///< Application.spec.source.path
  Tree tree;                     ///< of intent.commit
  api::ReleaseTemplate release;  ///< of the Rollout that the intent names
};

/// One gate run on this server.
struct TestAssignment {
  std::string name;
  Uid uid;
  std::string application;
  std::string rollout;
  std::int64_t number = 0;
  Commit commit;
  ReleaseHash hash;
  std::string repository;
  std::string path;
  Tree tree;
  api::RolloutTemplate release_template;  ///< gate and release of the Rollout
};

/// Everything that is wanted of this server: live intents and test runs that have not ended. An
/// application that is absent is left alone; a test run that is absent is stopped, cleaned up and
/// forgotten.
struct Assign {
  host::Epoch epoch;
  std::vector<ReleaseAssignment> releases;
  std::vector<TestAssignment> test_runs;
};

/// The report with this sequence, and all before it, need not be sent again.
struct Ack {
  std::int64_t sequence = 0;
};

/// Asks for the end of a log, which comes by POST /v1/logs/<request_id>.
struct LogsRequest {
  std::string request_id;  ///< letters, digits, '-': at most 64
  std::string application;
  std::string process;  ///< empty: the first one of the release that is current
  std::string
      step;  ///< instead of a process: the log of this step of the newest attempt or test run
  std::int64_t lines = 200;
};

using GatewayMessage = std::variant<Welcome, Assign, Ack, LogsRequest, UnknownMessage>;

// ---- codec ----

/// One frame. Never longer than kMaxMessageBytes for what agents send.
std::string Encode(const AgentMessage& message);
std::string Encode(const GatewayMessage& message);

/// kBadRequest for what is no message; kTooLarge above kMaxMessageBytes.
Result<AgentMessage> DecodeAgentMessage(std::string_view text);
Result<GatewayMessage> DecodeGatewayMessage(std::string_view text);

std::string Encode(const ClaimRequest& request);
std::string Encode(const ClaimReply& reply);
std::string Encode(const ClaimWaiting& waiting);
std::string Encode(const Refusal& refusal);
Result<ClaimRequest> DecodeClaimRequest(std::string_view text);
Result<ClaimReply> DecodeClaimReply(std::string_view text);
Result<ClaimWaiting> DecodeClaimWaiting(std::string_view text);
Result<Refusal> DecodeRefusal(std::string_view text);

/// The newest version that both sides speak, or nullopt.
std::optional<int> ChooseVersion(std::span<const int> offered);

}  // namespace slipway::protocol
