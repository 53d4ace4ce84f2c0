import { askTarget } from "../admin/bearer.ts";
import { REHEARSAL } from "../admin/action.ts";
import { type HttpAddress, TOKEN_VARIABLE, tokenOf } from "../admin/serve.ts";
import { tellFault } from "../admin/telemetry/telemetry.ts";
import type { Host } from "../cli/host.ts";
import type { Log } from "../cli/log.ts";
import { systemSecret } from "../base/random.ts";
import { every } from "../base/clock.ts";
import type { ShowDesk } from "../show/console/desk.ts";
import { MoneyWatch } from "./money/money_watch.ts";
import { builtInCharts } from "../plugin/declared.ts";
import { watchCharts } from "./collect/chart_watch.ts";
import { worldOf } from "./collect/live_world.ts";
import { MonitorCore } from "./collect/monitor_core.ts";

/** How often it looks what is due to be shown, in ms. */
const TICK_MS = 100;

/** A page that is served. */
export interface ServedPage {
  /** With the token behind the `#`, if it was made just now: for people, not for logs. */
  readonly url: string;
  stop(): Promise<void>;
}

interface PageParts {
  readonly core: MonitorCore;
  readonly money: MoneyWatch;
  /** The show that the page directs, if it does. */
  readonly show?: ShowDesk | undefined;
  readonly address: HttpAddress;
  /** Names by which the page may be called too. */
  readonly names?: readonly string[];
  readonly log: Log;
}

/** How often servers are asked where their money is, in ms. */
const MONEY_MS = 3_000;

/** Asks the servers of a core where their money is. */
export function liveMoney(host: Host, core: MonitorCore): MoneyWatch {
  return new MoneyWatch(core, askTarget, host.env(TOKEN_VARIABLE) || undefined);
}

/** Lets a core go on, and asks for the charts and the money, until the returned function is called. */
export function keepGoing(host: Host, core: MonitorCore, money: MoneyWatch): () => void {
  const ends = [
    watchCharts(core, worldOf(host)),
    every(TICK_MS, () => core.tick()),
    every(MONEY_MS, () => void money.ask(host.clock.wallMs())),
  ];
  return () => ends.forEach((end) => end());
}

/** A core on the real world: this machine's clock and network. */
export async function liveCore(host: Host, id = systemSecret()): Promise<MonitorCore> {
  return new MonitorCore(worldOf(host), id, await builtInCharts(host.program));
}

/**
 * Serves the page of a core. It is loaded only here: who wants none shouldn't pay for it.
 *
 * @throws UserError if the address can't be had, or may not be served without a token
 */
export async function servePage(
  host: Host,
  { core, money, show, address, names = [], log }: PageParts,
): Promise<ServedPage> {
  const [{ serveWeb }, { Control }] = await Promise.all([
    import("./web/web.ts"),
    import("./collect/control.ts"),
  ]);
  const door = { flag: "--web", what: "the page", address, names };
  const given = tokenOf(host, door);
  const token = given ?? systemSecret();
  const control = new Control(core, askTarget, log, given);
  const web = await serveWeb(door, {
    core,
    control,
    money,
    show,
    token,
    isOpen: given === undefined,
    onFault: tellFault(log),
  });
  const plainUrl = `http://${web.address.hostname}:${web.address.port}/`;
  // A token that was made just now is shown to whoever sits here, behind the `#` that no server sees. Logs hold no secret.
  const url = given === undefined ? `${plainUrl}#token=${token}` : plainUrl;
  const hint = given === undefined && !host.isTerminal
    ? { actions: `set ${TOKEN_VARIABLE} to act from the page` }
    : {};
  log("info", "page", { url: host.isTerminal ? url : plainUrl, ...hint });
  return { url, stop: () => web.stop() };
}

/** A monitor of its own inside another command, with a page. */
export class LivePage {
  readonly #core: MonitorCore;
  readonly #page: ServedPage;
  readonly #endTicks: () => void;
  readonly #targets = new Map<string, string>();

  private constructor(core: MonitorCore, page: ServedPage, endTicks: () => void) {
    this.#core = core;
    this.#page = page;
    this.#endTicks = endTicks;
  }

  static async start(host: Host, address: HttpAddress, log: Log): Promise<LivePage> {
    const core = await liveCore(host, REHEARSAL);
    const money = liveMoney(host, core);
    const page = await servePage(host, { core, money, address, log });
    return new LivePage(core, page, keepGoing(host, core, money));
  }

  /** Watches a process under a name; one that was started again elsewhere takes the place of the one before. */
  follows(name: string, api: string): void {
    this.#targets.set(name, api.replace(/\/$/, ""));
    this.#core.setTargets([...this.#targets].map(([name, url]) => ({ name, url })));
  }

  phase(name: string): void {
    this.#core.mark("phase", name);
  }

  event(text: string): void {
    this.#core.mark("event", text);
  }

  async stop(): Promise<void> {
    this.#endTicks();
    await this.#page.stop();
    await this.#core.stop();
  }
}
