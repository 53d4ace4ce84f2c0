import {
  type Cue,
  CueState,
  type HostContext,
  type PluginControl,
  type PluginRoute,
  type Policy,
  RouteError,
  type ShowDocument,
  type ShowVersion,
  versionText,
  type Wave,
  z,
} from "../../core/plugin/plugin.ts";
import type { CueConfig } from "./config.ts";
import {
  CHANGES,
  encodeTold,
  HELD,
  isSame,
  MAX_TOLD_WORDS,
  NO_CUE,
  NO_POLICY,
  NO_RESOURCES,
  type Resources,
} from "./told.ts";
import { cueOfWaves, wavesOfShow } from "./wave_cue.ts";

/** How often it looks at the waves, and whether a full mailbox has room again. */
const LOOK_MS = 100;

const count = (most: number) => z.int().min(0).max(most).default(0);
const cueBody = z.strictObject({
  state: z.enum(["planned", "held", "none"]).default("planned"),
  start: z.iso.datetime({ offset: true }).exactOptional(),
  /** From now on. */
  inS: z.number().min(0).max(1e6).exactOptional(),
  lengthS: z.number().positive().max(1e6).exactOptional(),
  wave: count(0xffff),
  resource: count(0xffff_ffff),
}).refine(
  ({ state, start, inS, lengthS }) =>
    state === "planned"
      ? (start === undefined) !== (inS === undefined) && lengthS !== undefined
      : start === undefined && inS === undefined && lengthS === undefined,
  "a planned cue has lengthS and one of start and inS; another has none of them",
);
const policyBody = z.strictObject({
  minShakeMs: count(3_600_000),
  jitterMs: count(3_600_000),
  retryFirstMs: count(3_600_000),
  retryMostMs: count(3_600_000),
});

/** The half of `cue` on the main thread: knows what users are to do, and tells the SETs of it. */
export class CueHost implements PluginControl {
  readonly routes: readonly PluginRoute[];
  readonly #host: HostContext;
  readonly #followsWaves: boolean;
  /** What an operator has ordered: it counts more than the waves. */
  #ordered: Cue | undefined;
  #cue: Cue | undefined;
  #policy: Policy | undefined;
  /** Only a show says what is to be fetched: it is signed. */
  #resources: Resources | undefined;
  #change = 0;
  /** The change that has brought the resources. */
  #resourcesChange = 0;
  /** Changes of this host. */
  #number = 0;
  #show: ShowDocument | undefined;
  /** Of what users are told: a newer show that says the same to them is no news. */
  #version: ShowVersion = { epoch: 0, number: 0 };
  /** What the config says, if anything. */
  readonly #begin: Policy | undefined;
  readonly #told: Uint16Array;
  readonly #words = new Int32Array(MAX_TOLD_WORDS);

  constructor(host: HostContext, { waves, spreadMs: _, ...policy }: CueConfig) {
    this.#host = host;
    this.#followsWaves = waves;
    this.#told = new Uint16Array(host.setCount);
    this.#begin = Object.values(policy).some((ms) => ms > 0) ? policy : undefined;
    this.#tell(undefined, this.#begin);
    this.routes = [{
      method: "post",
      path: "/cue",
      summary:
        "Tells users when to shake: planned with lengthS and start or inS; held; none, as the waves say",
      body: cueBody,
      handle: ({ body }) => this.#orderCue(body as z.infer<typeof cueBody>),
    }, {
      method: "post",
      path: "/policy",
      summary:
        "Tells users how often to shake: the least ms between two, jitter, and pauses after overloaded",
      body: policyBody,
      handle: ({ body }) => this.#orderPolicy(body as Policy),
    }, {
      method: "get",
      path: "/cue",
      summary: "What users are told, and how many SETs are telling them",
      handle: () => this.status(),
    }];
  }

  onTick(nowMs: number): number {
    const follows = this.#show !== undefined || (this.#followsWaves && this.#ordered === undefined);
    if (follows) this.#tell(cueOfWaves(this.#waves(), this.#host.unixMs(), this.#cue), this.#policy);
    const isTold = this.#tellSets();
    return isTold && !this.#followsWaves && this.#show === undefined ? Infinity : nowMs + LOOK_MS;
  }

  /** A show says everything: what was ordered here is over. */
  onShow(show: ShowDocument): void {
    this.#show = show;
    this.#ordered = undefined;
    const { policy, resources } = show;
    const shown = policy === null ? this.#begin : {
      minShakeMs: policy.minShakeIntervalMs,
      jitterMs: policy.jitterMs,
      retryFirstMs: policy.retry.firstMs,
      retryMostMs: policy.retry.mostMs,
    };
    // What users were told goes, even if it's nothing that is left.
    const next = shown ?? (this.#policy === undefined ? undefined : NO_POLICY);
    const fetched = resources ?? (this.#resources === undefined ? undefined : NO_RESOURCES);
    this.#tell(cueOfWaves(this.#waves(), this.#host.unixMs(), this.#cue), next, fetched);
    this.#host.wakeUp();
  }

  status(): Record<string, unknown> {
    return {
      version: versionText(this.#version),
      cue: this.#cue ?? null,
      policy: this.#policy ?? null,
      resources: this.#resources ?? null,
      isOrdered: this.#ordered !== undefined,
      setsTelling: this.#host.total("cueSetsTelling"),
    };
  }

  #orderCue({ state, start, inS = 0, lengthS = 0, wave, resource }: z.infer<typeof cueBody>): unknown {
    const startMs = start === undefined ? this.#host.unixMs() + inS * 1000 : Date.parse(start);
    const cue: Cue = state === "planned"
      ? {
        state: CueState.planned,
        wave,
        resource,
        startMs: Math.round(startMs),
        lengthMs: Math.round(lengthS * 1000),
      }
      : { ...(state === "held" ? HELD : NO_CUE), wave, resource };
    this.#checkNoShow();
    this.#ordered = state === "none" ? undefined : cue;
    this.#tell(cue, this.#policy);
    this.#host.log("cue", { ...cue });
    return this.status();
  }

  #orderPolicy(policy: Policy): unknown {
    this.#checkNoShow();
    this.#tell(this.#cue, policy);
    this.#host.log("policy", { ...policy });
    return this.status();
  }

  /** The waves of the show; without one, those of whoever releases packets here. */
  #waves(): readonly Wave[] {
    const own = this.#host.packetSource()?.waves ?? [];
    return this.#show === undefined ? own : wavesOfShow(this.#show, own, this.#host.unixMs());
  }

  #checkNoShow(): void {
    if (this.#show === undefined) return;
    throw new RouteError(409, `show ${versionText(this.#show)} says what users are told: change the show`);
  }

  /** From now on users are to hear this. */
  #tell(cue: Cue | undefined, policy: Policy | undefined, resources = this.#resources): void {
    const isOther = !isSame(resources, this.#resources);
    if (isSame(cue, this.#cue) && isSame(policy, this.#policy) && !isOther) return;
    this.#cue = cue;
    this.#policy = policy;
    this.#resources = resources;
    this.#number++;
    this.#change = this.#change % CHANGES + 1;
    if (isOther) this.#resourcesChange = this.#change;
    this.#version = this.#show ?? { epoch: 0, number: this.#number };
    this.#host.count("cueChanges", 1);
    this.#host.wakeUp();
  }

  /** Tells every SET what it doesn't know yet; false if a mailbox is full. */
  #tellSets(): boolean {
    if (this.#told.every((told) => told === this.#change)) return true;
    const count = encodeTold(this.#words, this.#change, {
      epoch: this.#version.epoch,
      number: this.#version.number,
      cue: this.#cue,
      policy: this.#policy,
      resources: this.#resources,
      resourcesChange: this.#resourcesChange,
    });
    let isTold = true;
    for (let set = 0; set < this.#told.length; set++) {
      if (this.#told[set] === this.#change) continue;
      if (this.#host.post(set, this.#words, count)) this.#told[set] = this.#change;
      else isTold = false;
    }
    return isTold;
  }
}
