import type { UserSlice } from "../../base/segment.ts";
import type { Engine } from "../../engine/common/engine.ts";
import type { AwardLog } from "./award_log.ts";
import type { FleetClock } from "./fleet_clock.ts";
import type { FleetTime } from "./fleet_time.ts";
import type { FleetUsers } from "./fleet_users.ts";
import type { OpenShakes } from "./open_shakes.ts";
import type { WonPackets } from "./won_packets.ts";

/** What all parts of a fleet know. */
export interface FleetCommon {
  readonly engine: Engine;
  readonly users: FleetUsers;
  readonly shakes: OpenShakes;
  readonly slice: UserSlice;
  /** Users of all hosts. */
  readonly total: number;
  /** The fleet's own counters. */
  readonly block: Float64Array;
  readonly clock: FleetClock;
  /** The clocks as read last. */
  readonly time: FleetTime;
  readonly protocol: 0 | 1;
  readonly won: WonPackets;
  /** Where awards go, if anybody wants them. */
  readonly awards: AwardLog | undefined;
}
