/** A party's server in virtual time, with its ledger on a disk, and guests whose pages are the real states of one. */
import { Random } from "../../core/base/random.ts";
import { openJudge } from "../../core/ledger/checkpoint/open_judge.ts";
import { markAwarded } from "../../core/ledger/registry/awarded_bits.ts";
import { SqliteStore } from "../../core/ledger/store/sqlite_store.ts";
import { StoredLedger } from "../../core/ledger/store/stored_ledger.ts";
import type { WaveStatus } from "../../core/plugin/plugin.ts";
import { Evening } from "../../core/party/state/evening.ts";
import type { PartyFolder } from "../../core/party/state/party_folder.ts";
import { Wins } from "../../core/party/state/wins.ts";
import type { Phone } from "../../core/phone/library/mod.ts";
import {
  type Effect,
  FIRST_STATE,
  type PageEvent,
  type PageState,
  step,
  waveOf,
} from "../../core/phone/page/page_state.ts";
import { SeedFile } from "../../core/seed/file/seed_file.ts";
import { SeedTickets } from "../../core/seed/file/tickets.ts";
import type { TokenRules } from "../../core/token/token_keys.ts";
import cue from "../../plugins/cue/mod.ts";
import seed from "../../plugins/seed/mod.ts";
import shake from "../../plugins/shake/mod.ts";
import throttle from "../../plugins/throttle/mod.ts";
import type { SimHostOptions } from "../../core/world/host/sim_host.ts";
import { SimPhones } from "../sim/sim_phones.ts";
import { SeedWorld } from "../seed/seed_world.ts";

/** How often the party looks at its server, and everybody hears how things stand. */
const NEWS_MS = 500;

/** The server of a party's folder: its seed file, its ledger, its limits. */
export class PartySimWorld extends SeedWorld {
  readonly evening: Evening;
  readonly wins: Wins;
  readonly phones: SimPhones;
  readonly guests: SimGuest[] = [];
  // Made before the parent's constructor calls `start`.
  static #making: { folder: PartyFolder; tokenRules: TokenRules };
  declare folder: PartyFolder;
  declare tokenRules: TokenRules;
  declare store: SqliteStore;
  #newsMs = 0;

  constructor(
    folder: PartyFolder,
    tokenRules: TokenRules,
    plan: ConstructorParameters<typeof SeedWorld>[0],
    seed: number,
  ) {
    PartySimWorld.#making = { folder, tokenRules };
    super(plan, {}, seed);
    this.wins = new Wins(folder.ledger);
    this.evening = new Evening(folder.party, this.wins);
    this.phones = new SimPhones(this.network, seed, 2_000);
    this.others.push(this.phones);
  }

  override start(options: Partial<SimHostOptions> = {}): void {
    this.folder ??= PartySimWorld.#making.folder;
    this.tokenRules ??= PartySimWorld.#making.tokenRules;
    const { ledger: directory, party } = this.folder;
    Deno.mkdirSync(directory, { recursive: true });
    const limits = { packetsPerUser: party.plan.perGuest, packetsPerSponsor: party.plan.perGuest };
    this.store = new SqliteStore(directory, "off");
    const { judge } = openJudge(this.store, undefined, limits);
    // The network's time has parts of a ms; a machine's wall clock has none.
    const clock = {
      monotonicMs: () => this.network.clock.monotonicMs(),
      wallMs: () => Math.floor(this.network.clock.wallMs()),
    };
    this.store.noteHost(0, clock.wallMs());
    this.store.noteLimits(limits, clock.wallMs());
    const tickets = new SeedTickets(new SeedFile(this.set.path("host-000")));
    markAwarded(judge.packets, { firstId: tickets.firstId, count: tickets.count, bits: tickets.awarded });
    super.start({
      seats: 1_000,
      allowsVersion0: false,
      tokenRules: this.tokenRules,
      ledger: new StoredLedger(judge, this.store, clock),
      tickets,
      plugins: [throttle, shake, cue, seed].map((plugin) => ({
        plugin,
        config: plugin.evening?.settings ?? {},
      })),
      ...options,
    });
  }

  override kill(): void {
    super.kill();
    this.store.close();
  }

  /** Lets time pass; guests hear the news, and shake as people do. */
  async play(ms: number): Promise<void> {
    await this.pass(ms, () => {
      const nowMs = this.network.clock.monotonicMs();
      for (const guest of this.guests) guest.turn(nowMs);
      if (nowMs < this.#newsMs) return;
      this.#newsMs = nowMs + NEWS_MS;
      void this.#tellNews();
    });
  }

  async #tellNews(): Promise<void> {
    try {
      this.evening.waves = await this.waves() as unknown as readonly WaveStatus[];
    } catch {
      return; // the server is away
    }
    this.wins.read();
    const wallMs = this.network.clock.wallMs();
    const news = this.evening.news(wallMs, this.guests.length, this.guests.length);
    for (const guest of this.guests) if (!guest.isDeaf) guest.take({ kind: "news", news });
  }
}

/** A guest: the page's own state, the library's phone, and a hand that shakes. */
export class SimGuest {
  state: PageState = FIRST_STATE;
  told = 0;
  /** The news don't reach them: the server's cues alone do. */
  isDeaf = false;
  /** When they shook first in each wave, by its number, in ms of the network. */
  readonly firstShakeMs = new Map<number, number>();
  readonly #world: PartySimWorld;
  readonly #phone: Phone;
  readonly #random: Random;
  readonly #opens: boolean;
  #shakeMs = 0;
  #openMs = Infinity;

  /** @param opens whether they open what they win */
  constructor(world: PartySimWorld, user: number, name: string, token: string, opens: boolean) {
    this.#world = world;
    this.#random = Random.ofPart(7, user);
    this.#opens = opens;
    this.#phone = world.phones.phone(user, { token });
    this.#phone.on("state", ({ is }) => {
      this.take({ kind: "link", link: is === "ready" ? "online" : is === "refused" ? "refused" : "waiting" });
    });
    this.#phone.on("cue", (cue) => {
      const offsetMs = this.#phone.serverMs - this.#world.network.clock.wallMs();
      this.take({ kind: "cue", cue, offsetMs });
    });
    this.#phone.on("packet", ({ packetId, amountFen }) => {
      this.told++;
      this.take({ kind: "won", packetId, amountFen });
    });
    this.take({ kind: "joined", name });
    void this.#phone.connect();
  }

  take(event: PageEvent): void {
    const [state, effects] = step(this.state, event, this.#world.network.clock.wallMs());
    this.state = state;
    for (const effect of effects) this.#do(effect);
  }

  turn(nowMs: number): void {
    if (nowMs >= this.#shakeMs) {
      this.#shakeMs = nowMs + this.#random.between(600, 1_800);
      this.take({ kind: "shake" });
    }
    if (nowMs < this.#openMs) return;
    this.#openMs = Infinity;
    this.take({ kind: "open" });
  }

  #do(effect: Effect): void {
    if (effect.kind === "askShake") {
      const { wave } = waveOf(this.state);
      const nowMs = this.#world.network.clock.monotonicMs();
      if (!this.firstShakeMs.has(wave)) this.firstShakeMs.set(wave, nowMs);
      void this.#phone.shake().then((outcome) => {
        if (outcome.result !== "ok") this.take({ kind: "answer", answer: "nothing" });
      });
    } else if (effect.kind === "askOpen") {
      void this.#phone.open(effect.packetId).then(({ result, amountFen }) => {
        const { packetId } = effect;
        this.take(
          result === "ok"
            ? { kind: "opened", packetId, amountFen }
            : { kind: "openFailed", packetId, isLate: true },
        );
        this.take({ kind: "next" });
      });
    } else if (effect.what === "won" && this.#opens) {
      this.#openMs = this.#world.network.clock.monotonicMs() + this.#random.between(800, 3_000);
    }
  }
}
