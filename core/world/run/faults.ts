import { Random } from "../../base/random.ts";
import type { FaultKind } from "../plan/fault_kinds.ts";
import { faultName, type PlannedFault } from "../plan/world_plan.ts";
import { FAULTS_FROM, FAULTS_TO, type World } from "./world.ts";

/** What begins; returns how it ends, if it isn't over at once. */
type Begin = (world: World, fault: PlannedFault, lastsMs: number) => (() => void) | void;

interface FaultDefinition {
  /** What happens, for people. */
  readonly what: string;
  /** Least and most time that it lasts. */
  readonly lastsMs: readonly [least: number, most: number];
  readonly begin: Begin;
}

/** Where cheats dial from. */
const CHEATS_AT = 0x0c00_0001;

/** Everything that can go wrong, one declaration each. */
export const FAULTS: Readonly<Record<FaultKind, FaultDefinition>> = {
  kill: {
    what: "a host's process is killed, and started again",
    lastsMs: [200, 8_000],
    begin: (world, fault, lastsMs) => world.hostOf(fault).kill(lastsMs),
  },
  powerLoss: {
    what: "a host's power goes: process and page cache are lost, its disk keeps what it said it had",
    lastsMs: [2_000, 10_000],
    begin(world, fault, lastsMs) {
      const host = world.hostOf(fault);
      host.kill(lastsMs);
      dropUnsafe(world, host);
    },
  },
  tornWrite: {
    what: "a host's process dies in the middle of a commit",
    lastsMs: [0, 0],
    begin: (world, fault) => void (world.hostOf(fault).disk.faults.tearsNext = true),
  },
  diskFull: {
    what: "a host's disk is full",
    lastsMs: [500, 12_000],
    begin(world, fault) {
      const { faults } = world.hostOf(fault).disk;
      faults.isFull = true;
      return () => faults.isFull = false;
    },
  },
  lyingDisk: {
    what: "a host's disk loses what it said was synced, with the power",
    lastsMs: [1_000, 8_000],
    begin(world, fault) {
      const host = world.hostOf(fault);
      host.disk.faults.isLying = true;
      return () => {
        host.kill();
        dropUnsafe(world, host);
        host.disk.faults.isLying = false;
      };
    },
  },
  lostDisk: {
    what: "a host is lost with its disk",
    lastsMs: [0, 0],
    begin(world, fault) {
      const host = world.hostOf(fault);
      if (host.lostWhy !== undefined) return;
      world.witness.lostDisk(host.number, host.lastBooksMs, 0);
      host.lose("its disk is lost");
    },
  },
  clockStep: {
    what: "a host's wall clock is stepped, and set right later",
    lastsMs: [1_000, 15_000],
    begin(world, fault) {
      const host = world.hostOf(fault);
      host.aheadMs = Math.round((fault.size - 0.5) * 60_000);
      return () => host.aheadMs = 0;
    },
  },
  clockDrift: {
    what: "a host's wall clock gains or loses up to 20 %",
    lastsMs: [3_000, 15_000],
    begin(world, fault) {
      const host = world.hostOf(fault);
      host.drift((fault.size - 0.5) * 400);
      return () => host.drift(0);
    },
  },
  cutUsers: {
    what: "a host's way to its users is cut",
    lastsMs: [500, 15_000],
    begin(world, fault, lastsMs) {
      const { address } = world.hostOf(fault);
      world.network.trouble(address, { heldUntilMs: world.time.nowMs + lastsMs });
      return () => world.network.trouble(address, {});
    },
  },
  cutBooks: {
    what: "a host's way to the books is cut",
    lastsMs: [500, 20_000],
    begin(world, fault) {
      const host = world.hostOf(fault);
      host.isCutFromBooks = true;
      return () => host.isCutFromBooks = false;
    },
  },
  cutBus: {
    what: "a host hears nothing of the show, on either path",
    lastsMs: [500, 20_000],
    begin(world, fault) {
      const host = world.hostOf(fault);
      host.isCutFromBus = true;
      return () => host.isCutFromBus = false;
    },
  },
  slowLink: {
    what: "everything to and from a host takes longer",
    lastsMs: [2_000, 20_000],
    begin(world, fault) {
      const { address } = world.hostOf(fault);
      world.network.trouble(address, { moreMs: 50 + 1_500 * fault.size });
      return () => world.network.trouble(address, {});
    },
  },
  booksDown: {
    what: "nobody reaches the books",
    lastsMs: [500, 12_000],
    begin(world) {
      world.books.way.isDown = true;
      return () => world.books.way.isDown = false;
    },
  },
  booksLossy: {
    what: "replies of the books get lost after all was done",
    lastsMs: [2_000, 20_000],
    begin(world, { size }) {
      world.books.way.lostReplies = 0.05 + 0.4 * size;
      return () => world.books.way.lostReplies = 0;
    },
  },
  busLossy: {
    what: "documents and messages get lost, are late, or come twice",
    lastsMs: [2_000, 20_000],
    begin(world, { size }) {
      const { delayMs, jitterMs } = world.goodBus;
      for (const bus of world.buses) {
        bus.faults = { delayMs, jitterMs: jitterMs + 2_000 * size, lost: 0.5 * size, repeated: 0.5 };
      }
      return () => world.buses.forEach((bus) => bus.faults = world.goodBus);
    },
  },
  busDown: {
    what: "one path of the show, or both, carry nothing",
    lastsMs: [500, 15_000],
    begin(world, { size }) {
      const down = size < 0.3 ? world.buses : [world.buses[size < 0.65 ? 0 : 1]];
      for (const bus of down) bus.isDown = true;
      return () => down.forEach((bus) => bus.isDown = false);
    },
  },
  busForgets: {
    what: "one path of the show, or both, forget every document",
    lastsMs: [0, 0],
    begin(world, { size }) {
      for (const bus of size < 0.5 ? world.buses : [world.buses[0]]) bus.hub.forget();
    },
  },
  gatewayBad: {
    what: "the bank fails, refuses, and doesn't answer, before or after it has paid",
    lastsMs: [2_000, 25_000],
    begin(world, { size }) {
      const percent = 10 + 25 * size;
      world.gateway.misbehave({
        fail: percent,
        refuse: 20,
        timeoutBefore: percent / 2,
        timeoutAfter: percent,
      });
      return () => world.gateway.misbehave(world.goodGateway);
    },
  },
  cheats: {
    what: "users log in at hosts of another city too, as themselves",
    lastsMs: [0, 0],
    begin(world, fault) {
      const { cities, users, seed } = world.plan;
      const count = Math.max(1, Math.floor(users / cities * (0.2 + 0.5 * fault.size)));
      const random = Random.ofPart(seed, CHEATS_AT + fault.index);
      const stay = Math.floor(fault.where * cities);
      const slice = {
        first: (stay + 1) % cities,
        stride: cities,
        count: Math.min(count, Math.floor(users / cities)),
      };
      world.addFleet(world.makeFleet(stay, slice, CHEATS_AT + fault.index, random));
    },
  },
  wrongButton: {
    what: "an operator presses the wrong button, and takes it back if that can be",
    lastsMs: [1_000, 6_000],
    begin: pressWrongButton,
  },
};

/** What an operator can do wrong. */
function pressWrongButton(world: World, fault: PlannedFault, lastsMs: number): void {
  const { show, books: { model }, time, network } = world;
  const later = (act: () => unknown) => network.plan(time.nowMs + lastsMs, () => void act());
  const user = { kind: "user" as const, first: 0, last: Math.floor(world.plan.users / 2) };
  const host = world.hostOf(fault);
  const wallMs = world.clock.wallMs();
  const buttons: readonly (readonly [what: string, press: () => void])[] = [
    ["hold, and go again", () => {
      void show.act("hold");
      later(() => show.act("go", [], 40));
    }],
    ["shift +3s", () => void show.act("shift", ["+3s"])],
    ["cut the last wave", () => void show.act("cut", [world.seedPlan.waves.at(-1)!.name])],
    ["level 2, and 0 again", () => {
      void show.act("level", ["2"]);
      later(() => show.act("level", ["0"], 40));
    }],
    ["a takeover by a second console", () => void show.takeOver()],
    ["rollback", () => void show.act("rollback")],
    ["half of the users held, and released", () => {
      void model.holds.hold(user, "the wrong button", wallMs);
      later(() => model.holds.release(user, "back", world.clock.wallMs()));
    }],
    ["packets revoked", () => void model.holds.revoke(1, Math.ceil(world.plan.packets / 8), "wrong", wallMs)],
    [`${host.name} retired while it serves`, () => {
      void model.intake.retire(host.number, true);
      later(() => host.lostWhy === undefined && model.intake.retire(host.number, false));
    }],
  ];
  const [what, press] = buttons[Math.min(buttons.length - 1, Math.floor(fault.size * buttons.length))];
  world.note(`wrong button: ${what}`);
  press();
}

/** What the disk had not written is gone. Whether the host may go on without, its start decides. */
function dropUnsafe(world: World, host: World["hosts"][number]): void {
  // Which rows those are depends on the disk alone: it may have lied for long.
  if (host.disk.losePower() > 0) world.witness.lostDisk(host.number, 0, host.disk.lastSeq());
}

/** Plans everything that goes wrong in a world, and its end. */
export function planFaults(world: World): void {
  const { lengthMs, network, plan } = world;
  const [fromMs, toMs] = [FAULTS_FROM * lengthMs, FAULTS_TO * lengthMs];
  for (const fault of plan.faults) {
    const { lastsMs: [least, most], begin } = FAULTS[fault.kind];
    const atMs = Math.round(fromMs + fault.at * (toMs - fromMs));
    const lastsMs = Math.min(toMs + most - atMs, Math.round(least + (most - least) * fault.size));
    network.at(atMs, () => {
      const host = world.hostOf(fault);
      world.note(`${faultName(fault)} (${host.name}), for ${lastsMs} ms`);
      const end = begin(world, fault, lastsMs);
      if (end !== undefined) network.at(atMs + lastsMs, end);
    });
  }
}
