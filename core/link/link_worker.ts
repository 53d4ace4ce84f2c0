import { createPublicKey } from "node:crypto";
import { after, sleep, systemClock } from "../base/clock.ts";
import { Random } from "../base/random.ts";
import type { ExchangeAnswer, ExchangeBody } from "../bus/exchange.ts";
import { type BusPlace, openBus } from "../bus/open_bus.ts";
import { Background } from "../os/background.ts";
import { collectGarbage } from "../os/collect_garbage.ts";
import type { ShowDocument } from "../show/document.ts";
import { closeThread, onParentMessage, postToParent } from "../threads/thread.ts";
import type { ClockReading } from "./clock_check.ts";
import { DoorBus } from "./door_bus.ts";
import { LinkAgent, type LinkCount, type LinkName } from "./link_agent.ts";
import { LinkSummaries, type SummariesInit, type SummaryFigures } from "./link_summaries.ts";
import { type OpenAnswer, OpenExchange } from "./open_exchange.ts";
import { showOrder } from "./show_order.ts";
import { FolderStore, MemoryStore } from "./show_store.ts";
import { subjects } from "./words.ts";

/** What the thread is started with. */
export interface LinkInit {
  readonly name: LinkName;
  readonly buses: readonly BusPlace[];
  /** Trusted public keys, by id, as PEM; none: there is no show. */
  readonly keys: readonly (readonly [string, string])[];
  /** Where documents last; undefined: in memory. */
  readonly directory: string | undefined;
  readonly randomSeed: number;
  /** Undefined: this host neither tells what it has awarded nor hears of others. */
  readonly summaries: SummariesInit | undefined;
  /** The host's number, and what all hosts of the event know: with it opens of other hosts' packets travel too. */
  readonly opens: { readonly number: number; readonly secret: Uint8Array | undefined } | undefined;
}

/** Messages to the thread. */
export type LinkOrder =
  | { readonly type: "checked"; readonly id: number; readonly problems: readonly string[] | undefined }
  | { readonly type: "exchange"; readonly id: number; readonly body: ExchangeBody }
  | {
    readonly type: "ask";
    readonly id: number;
    readonly owner: number;
    readonly user: number;
    readonly packetId: number;
  }
  | { readonly type: "opened"; readonly id: number; readonly opened: OpenAnswer | undefined }
  | { readonly type: "stop" };

/** Messages from the thread. */
export type LinkReport =
  | { readonly type: "check"; readonly id: number; readonly show: ShowDocument }
  | { readonly type: "apply"; readonly show: ShowDocument }
  | { readonly type: "hold"; readonly isHolding: boolean; readonly reading: ClockReading | undefined }
  | { readonly type: "count"; readonly what: LinkCount }
  | {
    readonly type: "log";
    readonly level: "info" | "warn" | "error";
    readonly event: string;
    readonly fields: Record<string, unknown>;
  }
  | { readonly type: "state"; readonly state: LinkState }
  | { readonly type: "summaries"; readonly figures: SummaryFigures }
  | { readonly type: "open"; readonly id: number; readonly user: number; readonly packetId: number }
  | { readonly type: "answered"; readonly id: number; readonly opened: OpenAnswer | undefined }
  | { readonly type: "exchanged"; readonly id: number; readonly answer: ExchangeAnswer }
  | { readonly type: "stopped" };

/** What the host shows of it. */
export type LinkState = ReturnType<LinkAgent["state"]> & { readonly dropped: number };

/** A loop that is told of nothing turns at least so often. */
const MAX_SLEEP_MS = 1_000;
const STATE_MS = 500;
/** How long a console that pushes a document waits for what comes of it. */
const PUSHED_MS = 150;
/** How long buses may take to close at the end. */
const CLOSE_MS = 500;

const report = (message: LinkReport) => postToParent(message);

/** The life of a link's thread. It alone holds clients of buses; nothing that it does can hold up a shake. */
export function runLinkWorker(init: LinkInit): void {
  const { name, buses: places, keys, directory, randomSeed, opens } = init;
  // It stands back, and isn't idle: a change must be acknowledged within a second on a busy host too.
  const background = new Background();
  background.isUrgent = true;
  const trusted = new Map(keys.map(([id, pem]) => [id, createPublicKey(pem)]));
  const order = showOrder(trusted, name.event);
  const door = new DoorBus();
  const buses = [...places.map((place) => openBus(place, order, undefined)), door];
  const checks = new Map<number, (problems: readonly string[] | undefined) => void>();
  let lastCheck = 0;
  let cancel = () => {};
  const summaries = init.summaries && new LinkSummaries(
    init.summaries,
    name.city || "all",
    buses.filter((bus) => bus !== door), // consoles have no use for them
    systemClock,
    () => turnIn(0),
    (event, fields) => report({ type: "log", level: "warn", event, fields }),
  );
  const agent = keys.length === 0 ? undefined : new LinkAgent({
    name,
    buses,
    trusted,
    store: directory === undefined ? new MemoryStore() : new FolderStore(directory),
    clock: systemClock,
    random: new Random(randomSeed),
    host: {
      check(show, answer) {
        checks.set(++lastCheck, answer);
        report({ type: "check", id: lastCheck, show });
      },
      apply: (show) => report({ type: "apply", show }),
      hold: (isHolding, reading) => report({ type: "hold", isHolding, reading }),
      count: (what) => report({ type: "count", what }),
      wake: () => turnIn(0),
      log: (level, event, fields) => report({ type: "log", level, event, fields }),
    },
  });
  const opening = new Map<number, (opened: OpenAnswer | undefined) => void>();
  let lastOpening = 0;
  const exchangeOpens = opens && new OpenExchange({
    ...opens,
    event: name.event,
    host: name.host,
    buses: buses.filter((bus) => bus !== door), // consoles have no use for them
    clock: systemClock,
    open(user, packetId, answer) {
      opening.set(++lastOpening, answer);
      report({ type: "open", id: lastOpening, user, packetId });
    },
    onRefused: () => report({ type: "count", what: "openForged" }),
    wake: () => turnIn(0),
  });
  function turnIn(ms: number): void {
    cancel();
    cancel = after(ms, turn);
  }
  let shown = "";
  let nextStateMs = 0;
  function turn(): void {
    const waitMs = Math.min(
      agent?.turn() ?? Infinity,
      exchangeOpens?.turn() ?? Infinity,
      summaries?.turn() ?? Infinity,
    );
    const nowMs = systemClock.monotonicMs();
    if (nowMs >= nextStateMs) {
      nextStateMs = nowMs + STATE_MS;
      if (summaries !== undefined) report({ type: "summaries", figures: summaries.takeFigures() });
      showState();
    }
    turnIn(Math.min(waitMs, MAX_SLEEP_MS));
  }
  function showState(): void {
    if (agent === undefined) return;
    const dropped = buses.reduce((sum, bus) => sum + bus.state.dropped, 0);
    const state = { ...agent.state(), dropped };
    const text = JSON.stringify(state);
    if (text !== shown) report({ type: "state", state });
    shown = text;
  }
  async function exchange(id: number, body: ExchangeBody): Promise<void> {
    door.take(body);
    if (body.values.length > 0) await sleep(PUSHED_MS);
    const answer = door.answer(subjects.show(name.event), agent?.newest?.bytes);
    report({ type: "exchanged", id, answer });
  }
  onParentMessage((message) => {
    const read = message as LinkOrder;
    switch (read.type) {
      case "checked": {
        const answer = checks.get(read.id);
        checks.delete(read.id);
        return answer?.(read.problems);
      }
      case "ask": {
        const { id, owner, user, packetId } = read;
        return exchangeOpens?.ask(
          owner,
          user,
          packetId,
          (opened) => report({ type: "answered", id, opened }),
        );
      }
      case "opened": {
        const answer = opening.get(read.id);
        opening.delete(read.id);
        return answer?.(read.opened);
      }
      case "exchange":
        return void exchange(read.id, read.body);
      case "stop": {
        cancel();
        const closed = Promise.all(buses.map((bus) => bus.close()));
        void Promise.race([closed, sleep(CLOSE_MS)]).then(() => {
          report({ type: "stopped" });
          closeThread();
        });
      }
    }
  });
  agent?.start();
  exchangeOpens?.start();
  turn();
  collectGarbage();
}
