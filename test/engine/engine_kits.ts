/** How the conformance cases get their engines: one kit a kind, and one for two kinds that talk to each other. */
import { DenoEngine } from "../../core/engine/deno/deno.ts";
import type { Engine, EngineOptions } from "../../core/engine/common/engine.ts";
import { EpollEngine } from "../../core/engine/epoll/epoll.ts";
import { openListener } from "../../core/engine/common/listener.ts";
import { libc, RLIMIT_NOFILE, whyNoLibc } from "../../core/os/posix.ts";
import { SimEngine } from "../../core/engine/sim/sim.ts";
import { SimNetwork, type SimNetworkOptions } from "../../core/engine/sim/network.ts";
import { SimPhase, type SimSocket } from "../../core/engine/sim/socket.ts";
import { UringEngine } from "../../core/engine/uring/uring.ts";
import { whyNoUring } from "../../core/engine/uring/ring/support.ts";
import { Waker } from "../../core/threads/waker.ts";
import { ManualClock } from "../../core/base/clock.ts";
import { nextTurn } from "../../core/base/event_loop.ts";
import type { Feature, Kit, Pair, PairOptions, RawPeer } from "./engine_harness.ts";

const LOOPBACK = 0x7f00_0001;
const DEFAULT_CAPACITY = 32;
const QUEUE_BYTES = 32 * 1024;

/** A kind of engine over the machine's own sockets. */
interface RealKind {
  readonly name: string;
  make(options: EngineOptions): Engine;
  /** Whether it is handed a listening descriptor instead of an address. */
  readonly takesDescriptor: boolean;
  /** Why it can't run here, or null. */
  whyNot(): string | null;
}

const DENO: RealKind = {
  name: "deno",
  make: (options) => new DenoEngine(options),
  takesDescriptor: false,
  whyNot: () => null,
};

const EPOLL: RealKind = {
  name: "epoll",
  make: (options) => new EpollEngine(options),
  takesDescriptor: true,
  whyNot: whyNoLibc,
};

const URING: RealKind = {
  name: "uring",
  make: (options) => new UringEngine(options),
  takesDescriptor: true,
  whyNot: whyNoUring,
};

/** So few slots a ring that every case uses several rings; and it accepts as on kernels before 6.10. */
const URING_RINGS: RealKind = {
  ...URING,
  name: "uring of many rings",
  make: (options) => new UringEngine({ ...options, slotsPerRing: 2, isAcceptingPlainly: true }),
};

const NO_RESET = "Deno can't set SO_LINGER: its abort may look like an ordinary end";
const NO_SOURCE = "Deno.connect can't bind a source address";
const NO_LIMIT = "its connections don't count against the limit on descriptors";
const NO_READ_LESS = "Deno reads before anybody can leave it: the engine has no `reads`";
const NO_WAIT = "its poll never waits: the simulation's driver lets time pass";

/** Every kit, also those that can't run here: `whyNot` says why. */
export const kits: readonly (Kit & { whyNot(): string | null })[] = [
  simKit("sim", {}),
  simKit("sim with stalls and cuts", { splitProbability: 0.3, stallProbability: 0.1, stallMs: 30 }),
  realKit(DENO, DENO, { reset: NO_RESET, source: NO_SOURCE, readLess: NO_READ_LESS }),
  realKit(EPOLL, EPOLL, {}),
  realKit(DENO, EPOLL, { readLess: NO_READ_LESS }),
  realKit(EPOLL, DENO, { reset: NO_RESET, source: NO_SOURCE }),
  realKit(URING, URING, { descriptors: NO_LIMIT }),
  realKit(URING_RINGS, URING_RINGS, { descriptors: NO_LIMIT }),
  realKit(URING, EPOLL, { descriptors: NO_LIMIT }),
  realKit(EPOLL, URING, { descriptors: NO_LIMIT }),
];

function realKit(serverKind: RealKind, clientKind: RealKind, cannot: Partial<Record<Feature, string>>) {
  const isMixed = serverKind !== clientKind;
  const name = isMixed ? `${serverKind.name} serving ${clientKind.name}` : serverKind.name;
  return {
    name,
    cannot,
    whyNot: () => serverKind.whyNot() ?? clientKind.whyNot(),
    make: (options: PairOptions) => makeRealPair(serverKind, clientKind, options),
    runAlone: (caseName: string) => runInChild(name, caseName),
  };
}

function makeRealPair(serverKind: RealKind, clientKind: RealKind, options: PairOptions): Pair {
  const clock = new ManualClock();
  const serverWaker = new Waker();
  const clientWaker = new Waker();
  const common = { clock, queueBytes: options.queueBytes ?? QUEUE_BYTES };
  const server = serverKind.make({
    ...common,
    capacity: options.serverCapacity ?? DEFAULT_CAPACITY,
    waker: serverWaker,
  });
  const client = clientKind.make({
    ...common,
    capacity: options.clientCapacity ?? DEFAULT_CAPACITY,
    waker: clientWaker,
  });
  let listening = -1;
  let isStopped = false;
  function stopServer(): void {
    if (isStopped) return;
    isStopped = true;
    server.shutdown();
    if (listening >= 0) libc().close(listening);
  }
  return {
    clock,
    server,
    client,
    serverWaker,
    clientWaker,
    listen(port) {
      if (!serverKind.takesDescriptor) return server.listen({ kind: "address", hostname: "127.0.0.1", port });
      const listener = openListener(LOOPBACK, port);
      listening = listener.fd;
      return server.listen({ kind: "descriptor", ...listener });
    },
    passTime: (ms) => clock.advance(ms),
    stopServer,
    canBind: canBindHere,
    dialRaw: dialRawHere,
    limitDescriptors: limitHere,
    liftLimit: liftHere,
    async dispose() {
      stopServer();
      client.shutdown();
      // Operations that were cut off come back once more.
      for (let i = 0; i < 5; i++) await nextTurn();
    },
  };
}

function canBindHere(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}

async function dialRawHere(port: number): Promise<RawPeer> {
  const socket = await Deno.connect({ hostname: "127.0.0.1", port });
  const chunks: Uint8Array[] = [];
  let hasEnded = false;
  async function readAll(): Promise<void> {
    const buffer = new Uint8Array(64 * 1024);
    for (let size = await socket.read(buffer); size !== null; size = await socket.read(buffer)) {
      chunks.push(buffer.slice(0, size));
    }
    hasEnded = true;
  }
  return {
    get received() {
      return Uint8Array.from(chunks.flatMap((chunk) => [...chunk]));
    },
    get hasEnded() {
      return hasEnded;
    },
    send: (bytes) => void socket.write(bytes),
    end: () => void socket.closeWrite(),
    startReading: () => void readAll(),
    close: () => socket.close(),
  };
}

/** Files opened just to take descriptors. */
const fillers: Deno.FsFile[] = [];
let ownLimit: Uint8Array<ArrayBuffer> | undefined;

/** Lowers the soft limit of the whole process, fills what is left below it and then gives back `spare`. */
function limitHere(spare: number): void {
  liftHere();
  const limit = new Uint8Array(16);
  libc().getrlimit(RLIMIT_NOFILE, limit);
  ownLimit = limit.slice();
  let highest = 0;
  for (const entry of Deno.readDirSync("/proc/self/fd")) highest = Math.max(highest, Number(entry.name));
  new DataView(limit.buffer).setBigUint64(0, BigInt(highest + 8), true);
  libc().setrlimit(RLIMIT_NOFILE, limit);
  try {
    for (;;) fillers.push(Deno.openSync("/dev/null"));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EMFILE")) throw error;
  }
  for (let i = 0; i < spare; i++) fillers.pop()!.close();
}

function liftHere(): void {
  if (ownLimit !== undefined) libc().setrlimit(RLIMIT_NOFILE, ownLimit);
  ownLimit = undefined;
  for (const filler of fillers.splice(0)) filler.close();
}

/** The limit on descriptors belongs to the process, and other tests run in this one. */
async function runInChild(kit: string, caseName: string): Promise<void> {
  const script = new URL("./engine_alone.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), { args: ["run", "--quiet", "-A", script, kit, caseName] });
  const { success, stdout, stderr } = await child.output();
  if (success) return;
  const decoder = new TextDecoder();
  throw new Error(`In a process of its own: ${decoder.decode(stdout)}${decoder.decode(stderr)}`);
}

/** A kit whose network and time are simulated. */
function simKit(name: string, network: SimNetworkOptions) {
  return {
    name,
    cannot: { wait: NO_WAIT },
    whyNot: () => null,
    make: (options: PairOptions) => makeSimPair(network, options),
  };
}

function makeSimPair(networkOptions: SimNetworkOptions, options: PairOptions): Pair {
  const network = new SimNetwork(1, networkOptions);
  const { clock } = network;
  const serverWaker = new Waker();
  const clientWaker = new Waker();
  const common = { clock, network, queueBytes: options.queueBytes ?? QUEUE_BYTES };
  const server = new SimEngine({
    ...common,
    capacity: options.serverCapacity ?? DEFAULT_CAPACITY,
    waker: serverWaker,
  });
  const client = new SimEngine({
    ...common,
    capacity: options.clientCapacity ?? DEFAULT_CAPACITY,
    waker: clientWaker,
  });
  let isStopped = false;
  function stopServer(): void {
    if (!isStopped) server.shutdown();
    isStopped = true;
  }
  return {
    clock,
    server,
    client,
    serverWaker,
    clientWaker,
    listen: (port) => server.listen({ kind: "address", hostname: "127.0.0.1", port }),
    passTime: (ms) => network.advanceTo(clock.monotonicMs() + ms),
    goOn() {
      const nextMs = network.nextEventMs();
      if (nextMs !== Infinity) network.advanceTo(nextMs);
    },
    stopServer,
    canBind(port) {
      const holder = { knocked: () => {} };
      const listener = network.listen(holder, LOOPBACK, port);
      const isFree = listener.holders.size === 1;
      network.unlisten(holder, listener);
      return isFree;
    },
    dialRaw: (port) => Promise.resolve(dialRawSim(network, port)),
    limitDescriptors(spare) {
      // Both sides of the simulation have limits of their own: the dialing one gets the spare ones.
      server.descriptorLimit = server.used;
      client.descriptorLimit = client.used + spare;
    },
    liftLimit() {
      server.descriptorLimit = client.descriptorLimit = Infinity;
    },
    dispose() {
      stopServer();
      client.shutdown();
    },
  };
}

function dialRawSim(network: SimNetwork, port: number): RawPeer {
  const chunks: number[] = [];
  const buffer = new Uint8Array(4_096);
  const waiting: ((socket: SimSocket) => void)[] = [];
  let isReading = false;
  let isUp = false;
  function wake(socket: SimSocket): void {
    if (!isUp && socket.phase === SimPhase.up) {
      isUp = true;
      for (const act of waiting.splice(0)) act(socket);
    }
    if (!isReading) return;
    for (let size = socket.read(buffer); size > 0; size = socket.read(buffer)) {
      chunks.push(...buffer.subarray(0, size));
    }
  }
  function whenUp(act: (socket: SimSocket) => void): void {
    if (isUp) act(socket);
    else waiting.push(act);
  }
  const socket = network.dial({ wake }, LOOPBACK, LOOPBACK, port);
  return {
    get received() {
      return Uint8Array.from(chunks);
    },
    get hasEnded() {
      return socket.isAtEnd;
    },
    send: (bytes) => whenUp((up) => up.write(bytes)),
    end: () => whenUp((up) => up.end()),
    startReading() {
      isReading = true;
      wake(socket);
    },
    close: () => socket.close(),
  };
}
