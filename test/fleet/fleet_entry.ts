/** The fleet's threads alone, for a test in process: starting them by the whole program would load all of it. */
import { type FleetInit, runFleetWorker } from "../../core/client/main/fleet_worker.ts";
import { firstParentMessage } from "../../core/threads/thread.ts";

await runFleetWorker(await firstParentMessage() as FleetInit);
