#pragma once

#include "reconciler/base/rng.hpp"
#include "reconciler/base/time.hpp"

namespace slipway::sim {

/// What may go wrong, as chances in 10,000 per occasion unless it says otherwise. All zero: nothing does.
struct Faults {
  // Between the control plane and the API.
  unsigned lost_request = 0;  ///< a write that never arrives: time-out
  unsigned lost_answer = 0;   ///< a write that is done, and nobody hears of it: time-out
  unsigned late_write =
      0;  ///< a status of controllers, or what garbage collection writes, after its time-out
  unsigned unavailable = 0;    ///< a write or a get that is refused for now
  unsigned doubled_write = 0;  ///< a write that arrives twice; the second answer counts
  unsigned doubled_answer = 0;
  unsigned conflicting_write = 0;  ///< somebody else changes the object just before
  unsigned late = 0;               ///< a message of any kind takes seconds
  unsigned expired_watch = 0;      ///< a watch loses its place at an event
  unsigned stale_watch = 0;        ///< the events of a kind come many seconds late from here on

  // Outside.
  unsigned failed_fetch = 0;  ///< percent would be too coarse: of 10,000 polls, resolves and pins
  unsigned failed_listing = 0;
  unsigned failed_launch = 0;  ///< a launch that is completed or not, and nobody hears which
  unsigned short_listing = 0;  ///< a listing that leaves machines out, and claims to be whole

  // Between gateway and agents.
  unsigned broken_connection = 0;  ///< per message
  unsigned doubled_report = 0;
  unsigned reordered_report = 0;

  // Processes and machines: mean times between two events; zero: never.
  Duration server_crash{0};
  unsigned crash_at_effect = 0;
  Duration server_pause{0};
  Duration agent_crash{0};
  unsigned agent_crash_at_step = 0;  ///< right after a step, before its end is written down
  Duration reboot{0};
  Duration vanish{0};  ///< a server is out of reach for a while
  Duration wall_jump{0};

  static bool Happens(Rng& rng, unsigned chance) {
    return chance != 0 && rng.Below(10'000) < chance;
  }
};

}  // namespace slipway::sim
