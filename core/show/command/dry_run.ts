import { type Clock, ManualClock } from "../../base/clock.ts";
import { Random } from "../../base/random.ts";
import { SimNetwork } from "../../bus/sim_network.ts";
import { LinkAgent } from "../../link/link_agent.ts";
import { showOrder } from "../../link/show_order.ts";
import { MemoryStore } from "../../link/show_store.ts";
import { type ShowDocument, showWaves } from "../document.ts";
import type { SignedShow } from "../signed.ts";
import { ConsoleFolder } from "../console/console_folder.ts";
import { Director } from "../console/director.ts";
import { consoleKeys, type ConsolePlace, type OpenConsole } from "../console/open_console.ts";
import { perform, type Wish } from "../console/perform.ts";
import { ShowConsole } from "../console/show_console.ts";
import { waveStatuses } from "../console/status.ts";
import { countdown } from "../console/status_text.ts";

/** What the model's networks do, and how far its hosts' clocks are apart. */
const FAULTS = { delayMs: 3, jitterMs: 40, lost: 0.02, repeated: 0.02 };
const CLOCKS_APART_MS = 40;
/** The model turns so often while something is done, and while the evening passes. */
const STEP_MS = 10;
const DOWN_STEP_MS = 500;
const EVENING_STEP_MS = 30_000;
const MAX_EVENING_MS = 24 * 3_600_000;
/** Meanwhile one network is gone for a while, and every twentieth host starts anew. */
const DOWN_MS = 60_000;
const RESTART_EVERY = 20;

/** How a change would go, and the evening after it. */
export interface DryRun {
  readonly hosts: number;
  readonly action: string;
  readonly changes: readonly string[];
  readonly needsSecond: boolean;
  readonly prepareMs: number | null;
  readonly acknowledgeMs: number | null;
  /** From the first host to the last at which it counted. */
  readonly spreadMs: number | null;
  readonly waves: readonly {
    readonly name: string;
    readonly state: string;
    readonly start: string;
    readonly end: string;
  }[];
  readonly evening: string;
  readonly problems: readonly string[];
}

/** A host of the model: the real link, without packets. */
class ModelHost {
  readonly store = new MemoryStore();
  applied: { readonly show: ShowDocument; readonly atMs: number }[] = [];
  agent: LinkAgent;
  readonly #make: () => LinkAgent;

  constructor(
    make: (store: MemoryStore, apply: (show: ShowDocument) => void) => LinkAgent,
    private readonly clock: Clock,
  ) {
    this.#make = () => make(this.store, (show) => this.applied.push({ show, atMs: this.clock.wallMs() }));
    this.agent = this.#make();
  }

  restart(): void {
    this.agent = this.#make();
    this.agent.start();
  }
}

/** A model of the hosts and their paths, in virtual time. */
class Model {
  readonly clock: ManualClock;
  readonly networks: readonly SimNetwork[];
  readonly hosts: readonly ModelHost[];
  readonly director: Director;

  constructor(
    event: string,
    { key, trusted }: ReturnType<typeof consoleKeys>,
    count: number,
    wallMs: number,
  ) {
    const random = new Random(20270206);
    this.clock = new ManualClock(wallMs);
    const order = showOrder(trusted, event);
    this.networks = [0, 1].map(() => new SimNetwork(order, FAULTS, random.fork()));
    this.hosts = Array.from({ length: count }, (_, i) => {
      const aheadMs = (random.float() - 0.5) * CLOCKS_APART_MS;
      const clock: Clock = {
        monotonicMs: () => this.clock.monotonicMs(),
        wallMs: () => this.clock.wallMs() + aheadMs,
      };
      const name = { event, host: `model-${String(i).padStart(3, "0")}`, city: "", cluster: "" };
      const make = (store: MemoryStore, apply: (show: ShowDocument) => void) =>
        new LinkAgent({
          name,
          buses: this.networks.map(({ hub }) => hub.join("model")),
          trusted,
          store,
          clock,
          random: random.fork(),
          host: {
            check: (_show, answer) => answer([]),
            apply,
            hold: () => {},
            count: () => {},
            wake: () => {},
            log: () => {},
          },
        });
      return new ModelHost(make, this.clock);
    });
    this.director = new Director({
      event,
      name: "dry-run",
      buses: this.networks.map(({ hub }) => hub.join("model")),
      trusted,
      key,
      clock: this.clock,
    });
    for (const { agent } of this.hosts) agent.start();
    this.director.start();
  }

  step(ms: number): void {
    this.clock.advance(ms);
    for (const network of this.networks) network.advanceTo(this.clock.monotonicMs());
    this.director.turn();
    for (const { agent } of this.hosts) agent.turn();
  }

  run(ms: number, stepMs = STEP_MS): void {
    for (let leftMs = ms; leftMs > 0; leftMs -= stepMs) this.step(Math.min(stepMs, leftMs));
  }
}

/** Plays a change with model hosts, and then the evening to its end. Nothing of the real show is touched. */
export async function dryRun(
  place: Omit<ConsolePlace, "buses">,
  wish: Wish,
  hosts: number,
  wallMs: number,
): Promise<DryRun> {
  const keys = consoleKeys(place.keys);
  const path = Deno.makeTempDirSync();
  try {
    const real = new ConsoleFolder(place.folder);
    const state = real.state;
    const folder = new ConsoleFolder(path);
    (await folder.lock())();
    const history = real.state === undefined ? [] : real.history(keys.trusted);
    if (state !== undefined) folder.writeState(state);
    for (const show of history) folder.keep(show);
    const event = place.event ?? state?.event ?? "model";
    const model = new Model(event, keys, hosts, wallMs);
    const console = new ShowConsole({
      folder,
      director: model.director,
      trusted: keys.trusted,
      key: keys.key,
      who: "dry run",
      clock: model.clock,
      pause: () => Promise.resolve(model.step(STEP_MS)),
    });
    const open: OpenConsole = {
      console,
      folder,
      director: model.director,
      ...keys,
      event,
      close: () => Promise.resolve(),
    };
    // The hosts have what the show has come to by now.
    if (history.length > 0) model.director.offer(history.at(-1)!);
    model.run(3_000);
    for (const host of model.hosts) host.applied = [];
    return playEvening(model, wish, await perform(open, wish, model.clock.wallMs()));
  } finally {
    Deno.removeSync(path, { recursive: true });
  }
}

function playEvening(
  model: Model,
  { action, operands }: Wish,
  result: Awaited<ReturnType<typeof perform>>,
): DryRun {
  const base = {
    hosts: model.hosts.length,
    action: [action, ...operands].join(" "),
    changes: result.changes,
  };
  if (result.kind === "proposed") {
    return {
      ...base,
      needsSecond: true,
      prepareMs: null,
      acknowledgeMs: null,
      spreadMs: null,
      waves: [],
      evening: "not played: a second person must approve it, so give --approve DIR",
      problems: [],
    };
  }
  const { show, prepared, acknowledged } = result;
  const problems = toTheEnd(model, show);
  const firsts = model.hosts.map(({ applied }) =>
    applied.find(({ show: one }) => one.number === show.document.number)
  );
  const times = firsts.flatMap((first) => first === undefined ? [] : [first.atMs]);
  return {
    ...base,
    needsSecond: false,
    prepareMs: prepared?.tookMs ?? null,
    acknowledgeMs: acknowledged.tookMs,
    spreadMs: times.length === 0 ? null : Math.round(Math.max(...times) - Math.min(...times)),
    waves: waveStatuses(show, model.clock.wallMs()).map(({ name, state, startMs, lengthMs }) => ({
      name,
      state,
      start: new Date(startMs).toISOString(),
      end: new Date(startMs + lengthMs).toISOString(),
    })),
    evening: "played to its end; one path was gone for a minute, and every twentieth host started anew",
    problems,
  };
}

/** Lets the evening pass, with trouble in it; what is wrong at its end. */
function toTheEnd(model: Model, show: SignedShow): string[] {
  const ends = showWaves(show.document).map(({ startMs, lengthMs }) => startMs + lengthMs);
  const lastMs = Math.max(show.document.activateMs!, ...ends) - model.clock.wallMs();
  model.networks[0].isDown = true;
  model.run(DOWN_MS, DOWN_STEP_MS);
  model.hosts.forEach((host, i) => {
    if (i % RESTART_EVERY === 0) host.restart();
  });
  model.networks[0].isDown = false;
  model.run(Math.min(MAX_EVENING_MS, Math.max(EVENING_STEP_MS, lastMs - DOWN_MS)), EVENING_STEP_MS);
  const { number, epoch } = show.document;
  return model.hosts.flatMap(({ agent: { active, isHolding } }, i) => {
    const has = active?.document;
    const isRight = has?.epoch === epoch && has.number === number;
    return [
      ...(isRight
        ? []
        : [`model host ${i} plays ${has === undefined ? "nothing" : `${has.epoch}.${has.number}`}`]),
      ...(isHolding ? [`model host ${i} holds its packets`] : []),
    ];
  });
}

export function dryRunText(run: DryRun): string {
  const {
    hosts,
    action,
    changes,
    needsSecond,
    prepareMs,
    acknowledgeMs,
    spreadMs,
    waves,
    evening,
    problems,
  } = run;
  const times = acknowledgeMs === null ? [] : [
    `  ${hosts} model hosts: ${
      prepareMs === null ? "" : `prepared in ${prepareMs} ms, `
    }on disk in ${acknowledgeMs} ms, ` +
    `counts at all within ${spreadMs} ms`,
  ];
  const sheet = waves.map(({ name, state, start, end }) =>
    `  ${name}  ${start.slice(11, 19)} to ${end.slice(11, 19)} ` +
    `(${countdown(Date.parse(end) - Date.parse(start))})${state === "over" ? "" : `  ${state}`}`
  );
  return [
    `dry run: ${action}${needsSecond ? " (changes the plan: two persons)" : ""}`,
    ...changes.map((line) => `  ${line}`),
    ...times,
    ...sheet,
    `  the evening: ${evening}`,
    ...problems.map((problem) => `  WRONG  ${problem}`),
    "nothing was sent",
    "",
  ].join("\n");
}
