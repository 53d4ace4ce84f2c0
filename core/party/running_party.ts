import { renderSVG, renderUnicodeCompact } from "uqr";
import { isLoopbackHost } from "../admin/host_name.ts";
import { every, sleep } from "../base/clock.ts";
import { ExitCode, UserError } from "../base/user_error.ts";
import type { Host } from "../cli/host.ts";
import { type Log, openLog } from "../cli/log.ts";
import { CLOSING_S, type HostOrder } from "../phone/wall/host_view.ts";
import { Tokens } from "../token/token.ts";
import { readTokenKeys } from "../token/token_keys.ts";
import { type OpenDoor, openDoor, ownCertificate } from "./door.ts";
import { endParty, type PartyEnd } from "./ending.ts";
import { Evening } from "./state/evening.ts";
import type { Guests } from "./state/guests.ts";
import { type Links, linksOf, reachableHost } from "./links.ts";
import type { PartyFolder } from "./state/party_folder.ts";
import { type DoorSettings, keptDoor } from "./door_settings.ts";
import { PartyServer } from "./party_server.ts";
import { Presence } from "./state/presence.ts";
import { readPages } from "./resources/kept_pages.ts";
import { makePages } from "./site/pages.ts";
import { Site } from "./site/site.ts";
import { Wins } from "./state/wins.ts";

/** How often the server's waves and the ledger are looked at. */
const LOOK_MS = 300;
/** News are told at least this often, so that a phone knows that it still hears. */
const NEWS_MS = 10_000;
/** How long pages can still be seen after the end. */
const LAST_LOOK_MS = 60_000;

/** A code as phones read it best, whatever the terminal's colours are: what is drawn is white on black. */
function onBlack(text: string): string {
  return text.split("\n").map((line) => `\x1b[97;40m${line}\x1b[0m`).join("\n");
}

/** What phones will say, in words for the host. */
const OWN_WORDS = `
  Phones will warn that the connection isn't private: this machine has made its certificate itself, and nobody
  vouches for it. Guests tap "Advanced" (Android) or "Show details" (iPhone) and go on to the page. Without a
  certificate a page can't feel that a phone is shaken. To have no warning see docs/party.md.
`;
const LONELY_WORDS = `
  This machine is in no network, so no phone reaches these links. Connect it to the network that the phones are in,
  and start this command again; or name its address with --url.
`;
const PLAIN_WORDS = `
  Without TLS a page can't feel that a phone is shaken: guests tap the packet instead.
`;

/** An evening while it goes on: its server, its pages, and what ties them. */
export class RunningParty {
  readonly #host: Host;
  readonly #folder: PartyFolder;
  readonly #guests: Guests;
  readonly #settings: DoorSettings;
  readonly #log: Log;
  readonly #server: PartyServer;
  readonly #wins: Wins;
  readonly #evening: Evening;
  readonly #presence = new Presence();
  readonly #stops = Promise.withResolvers<void>();
  readonly #ends = Promise.withResolvers<void>();
  #site!: Site;
  #door!: OpenDoor;
  #trouble = "";
  #lastNews = "";
  #lastNewsMs = -Infinity;
  #isLooking = false;
  #hasStopped = false;
  readonly #forget: (() => void)[] = [];

  private constructor(host: Host, folder: PartyFolder, guests: Guests, settings: DoorSettings) {
    this.#host = host;
    this.#folder = folder;
    this.#guests = guests;
    this.#settings = settings;
    this.#log = openLog(host, "party");
    this.#wins = new Wins(folder.ledger);
    this.#evening = new Evening(folder.party, this.#wins);
    this.#server = new PartyServer(host, folder.serverFlags, (what) => {
      this.#log("warn", "server", { what });
    });
  }

  /** Starts the server and opens the door. @throws UserError if either can't be */
  static async start(
    host: Host,
    folder: PartyFolder,
    guests: Guests,
    settings: DoorSettings,
  ): Promise<RunningParty> {
    const party = new RunningParty(host, folder, guests, settings);
    try {
      await party.#start();
    } catch (error) {
      await party.#server.stop();
      throw error;
    }
    return party;
  }

  /** Resolves at the evening's end, with what it came to; with undefined if the program is stopped before. */
  async toItsEnd(): Promise<PartyEnd | undefined> {
    const why = await Promise.race([
      this.#ends.promise.then(() => "end" as const),
      this.#stops.promise.then(() => "stop" as const),
      this.#server.failed,
    ]);
    if (why instanceof UserError) {
      await this.close();
      throw why;
    }
    if (why === "stop") return undefined;
    for (const forget of this.#forget.splice(0)) forget();
    await this.#server.stop();
    const end = endParty(this.#folder, this.#guests, this.#host.clock);
    this.#wins.read();
    this.#evening.hasEnded = true;
    this.#site.tellNews();
    this.#log("info", "ended", { dir: this.#folder.path });
    return end;
  }

  /** After the end pages stay for a moment; a stop signal ends that too. */
  async close(): Promise<void> {
    if (this.#evening.hasEnded) await Promise.race([sleep(LAST_LOOK_MS), this.#stops.promise]);
    for (const forget of this.#forget.splice(0)) forget();
    this.#site?.close();
    await this.#door?.close();
    await this.#server.stop();
  }

  async #start(): Promise<void> {
    const { party } = this.#folder;
    let signals = 0;
    this.#host.onStopSignal(() => {
      if (++signals > 1) this.#host.exit(ExitCode.interrupted);
      this.#hasStopped = true;
      this.#stops.resolve();
    });
    const started = this.#server.start();
    makePages();
    await started;
    await this.#callWaves();
    const tokens = new Tokens({ keys: readTokenKeys(this.#folder.tokenKeys, "token keys"), event: party.id });
    const pending = Promise.withResolvers<Site>();
    this.#door = await openDoor({
      program: this.#host.program,
      listen: this.#settings.listen,
      tls: await this.#certificate(),
      serverPort: this.#server.port,
      guests: party.plan.guests,
      presence: this.#presence,
      // Nobody knows the link before the site is there, but a phone of an earlier start may ask.
      serve: async (request, address) => await (await pending.promise).fetch(request, address),
      clock: this.#host.clock,
      log: this.#log,
    });
    const { port } = this.#door.address;
    this.#folder.keepDoor(keptDoor(this.#settings, port));
    const links = this.#links(port);
    this.#site = new Site({
      clock: this.#host.clock,
      party,
      evening: this.#evening,
      guests: this.#guests,
      wins: this.#wins,
      presence: this.#presence,
      tokens,
      serverPort: this.#server.port,
      tokenWaitMs: (address) => this.#door.tokenWaitMs(address),
      joinUrl: links.join,
      qrSvg: renderSVG(links.join, { border: 1 }),
      pages: readPages(this.#folder.path),
      order: (order) => this.#order(order),
      trouble: () => this.#trouble,
    });
    pending.resolve(this.#site);
    await this.#look();
    this.#forget.push(every(LOOK_MS, () => void this.#look()));
    this.#tellLinks(links);
  }

  /** Waves whose time the plan says. An order is carried out once, however often the party is started. */
  async #callWaves(): Promise<void> {
    for (const [at, { start }] of this.#folder.party.plan.waves.entries()) {
      if (start === undefined) continue;
      const wave = Evening.nameOf(at);
      await this.#server.order(
        { action: "move", wave, start: new Date(start).toISOString() },
        `planned ${wave}`,
      );
    }
  }

  /** The host's own certificate, or one that is made for the party; undefined for plain HTTP. */
  async #certificate() {
    const { tls, cert } = this.#settings;
    if (tls === "off") return undefined;
    return cert ?? await ownCertificate(this.#folder.path, this.#host.clock.wallMs());
  }

  #links(port: number): Links {
    const { listen, url, tls } = this.#settings;
    const { code, secret } = this.#folder.party;
    const own = reachableHost(listen.hostname, Deno.networkInterfaces());
    return linksOf(url ?? `${tls === "on" ? "https" : "http"}://${own}:${port}`, code, secret);
  }

  /** Whether no phone can reach what listens for all of them. */
  #isAlone({ join }: Links): boolean {
    const { hostname } = this.#settings.listen;
    return (hostname === "0.0.0.0" || hostname === "::") && isLoopbackHost(new URL(join).hostname);
  }

  #tellLinks(links: Links): void {
    const { party, path } = this.#folder;
    this.#log("info", "open", { dir: path, join: links.join, port: this.#door.address.port });
    const code = renderUnicodeCompact(links.join, { border: 2 });
    this.#host.err(
      `\n${this.#host.isTerminal ? onBlack(code) : code}\n\n` +
        `  ${party.plan.name}\n\n` +
        `  Guests      ${links.join}\n` +
        `  Big screen  ${links.wall}\n` +
        `  Host        ${links.host}\n` +
        (this.#isAlone(links) ? LONELY_WORDS : "") +
        (party.list === undefined
          ? ""
          : `  Who is on the list comes in with their name, or with their own code.\n`) +
        (this.#settings.tls === "off" ? PLAIN_WORDS : this.#settings.cert === undefined ? OWN_WORDS : "") +
        "\n",
    );
  }

  async #look(): Promise<void> {
    if (this.#isLooking || this.#hasStopped) return;
    this.#isLooking = true;
    try {
      this.#trouble = this.#server.isUp ? "" : "The server is starting again. What was won is safe.";
      const waves = await this.#server.waves();
      if (waves !== undefined) this.#evening.waves = waves;
      this.#wins.read();
      const nowMs = this.#host.clock.monotonicMs();
      const { hostMs: _, ...news } = this.#site.news();
      const text = JSON.stringify(news);
      if (text !== this.#lastNews || nowMs - this.#lastNewsMs >= NEWS_MS) {
        this.#lastNews = text;
        this.#lastNewsMs = nowMs;
        this.#site.tellNews();
      }
      this.#closeInTime();
    } finally {
      this.#isLooking = false;
    }
  }

  /** Nobody waits longer than until everything is open. */
  #closeInTime(): void {
    const { closingUntilMs } = this.#evening;
    if (closingUntilMs === 0) return;
    const isAllOpen = this.#wins.openCount === this.#wins.count;
    if (isAllOpen || this.#host.clock.wallMs() >= closingUntilMs) this.#ends.resolve();
  }

  async #order(order: HostOrder): Promise<void> {
    const { currentWave, nextWave } = this.#evening;
    if (this.#evening.closingUntilMs > 0) throw new Error("the evening is ending");
    const current = currentWave === undefined ? undefined : Evening.nameOf(currentWave);
    switch (order) {
      case "start": {
        if (current !== undefined) throw new Error("a wave is on already");
        if (nextWave === undefined) throw new Error("there is no wave left");
        const inS = this.#settings.countdownS;
        await this.#server.order({ action: "move", wave: Evening.nameOf(nextWave), inS });
        break;
      }
      case "pause":
      case "resume":
      case "stop":
        if (current === undefined) throw new Error("no wave is on");
        await this.#server.order({ action: order, wave: current });
        break;
      case "end":
        for (const wave of this.#evening.openWaves) await this.#server.order({ action: "stop", wave });
        this.#wins.read();
        this.#evening.closingUntilMs = this.#host.clock.wallMs() + CLOSING_S * 1000;
        break;
    }
    this.#log("info", "ordered", { order });
    await this.#look();
  }
}
