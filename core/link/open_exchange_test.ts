import assert from "node:assert/strict";
import { ManualClock } from "../base/clock.ts";
import type { Bus } from "../bus/bus.ts";
import { MemoryHub } from "../bus/memory_hub.ts";
import { Result } from "../wire/codes.ts";
import { type OpenAnswer, OpenExchange } from "./open_exchange.ts";

const SECRET = new TextEncoder().encode("the event's");
const hubOrder = { isNewer: () => false };

/** Host 1 and host 2, joined by buses; host 2 owns packets, and says what was opened. */
class Pair {
  readonly clock = new ManualClock();
  readonly hubs: readonly MemoryHub[];
  readonly opened: string[] = [];
  readonly said: Record<string, OpenAnswer | undefined> = {};
  readonly waiting: (() => void)[] = [];
  refused = 0;
  decides = true;
  readonly one: OpenExchange;
  readonly two: OpenExchange;
  readonly #one: Bus[];

  constructor(paths = 1, secret: Uint8Array | null = SECRET) {
    this.hubs = Array.from(
      { length: paths },
      () => new MemoryHub(hubOrder, (_from, _to, arrive) => this.waiting.push(arrive)),
    );
    this.#one = this.hubs.map((hub) => hub.join("one"));
    this.one = this.#exchange(1, this.#one, SECRET);
    this.two = this.#exchange(2, this.hubs.map((hub) => hub.join("two")), secret ?? undefined);
  }

  #exchange(number: number, buses: readonly Bus[], secret: Uint8Array | undefined): OpenExchange {
    const exchange = new OpenExchange({
      event: "gala",
      host: `host-${number}`,
      number,
      buses,
      clock: this.clock,
      secret,
      open: (user, packetId, answer) => {
        this.opened.push(`${user} ${packetId}`);
        answer(this.decides ? { result: Result.ok, amountFen: packetId } : undefined);
      },
      onRefused: () => this.refused++,
      wake: () => {},
    });
    exchange.start();
    return exchange;
  }

  ask(user: number, packetId: number): void {
    this.one.ask(2, user, packetId, (opened) => this.said[`${user} ${packetId}`] = opened);
  }

  /** Lets time pass; messages arrive, unless they are lost. */
  pass(ms: number, isLost = false): void {
    for (let at = 0; at < ms; at += 10) {
      this.clock.advance(10);
      this.one.turn();
      this.two.turn();
      const arriving = this.waiting.splice(0);
      if (!isLost) { for (const arrive of arriving) arrive(); }
    }
  }
}

Deno.test("an open goes to the packet's owner, and the answer comes back", () => {
  const pair = new Pair();
  pair.ask(7, 100);
  pair.ask(8, 200);
  pair.pass(50);
  assert.deepEqual(pair.said["7 100"], { result: Result.ok, amountFen: 100 });
  assert.deepEqual(pair.said["8 200"], { result: Result.ok, amountFen: 200 });
  assert.equal(pair.waiting.length, 0);
  pair.pass(30_000);
  assert.equal(pair.one.turn(), Infinity, "nothing is kept, and nothing is said any more");
  assert.equal(pair.two.turn(), Infinity);
});

Deno.test("over two paths, asked again and over lost messages, a packet is opened once", () => {
  const pair = new Pair(2);
  pair.ask(7, 100);
  pair.pass(450, true);
  pair.ask(7, 100);
  pair.pass(1_000);
  assert.deepEqual(pair.opened, ["7 100"]);
  assert.equal(pair.said["7 100"]?.amountFen, 100);
});

Deno.test("an owner that is gone leaves the user to try later; the next try finds it again", () => {
  const pair = new Pair();
  pair.ask(7, 100);
  pair.pass(1_900, true);
  assert.ok(!("7 100" in pair.said));
  pair.pass(200, true);
  assert.deepEqual(Object.entries(pair.said), [["7 100", undefined]]);
  pair.ask(7, 100);
  pair.pass(50);
  assert.equal(pair.said["7 100"]?.result, Result.ok);
});

Deno.test("what the owner could not decide is asked again, and the user hears only of what was decided", () => {
  const pair = new Pair();
  pair.decides = false;
  pair.ask(7, 100);
  pair.pass(300);
  assert.deepEqual(pair.opened, ["7 100"]);
  assert.ok(!("7 100" in pair.said));
  pair.decides = true;
  pair.pass(500);
  assert.equal(pair.said["7 100"]?.amountFen, 100);
});

Deno.test("who doesn't know the secret opens nothing, and answers nothing", () => {
  for (const secret of [null, new TextEncoder().encode("another")]) {
    const pair = new Pair(1, secret);
    pair.ask(7, 100);
    pair.pass(2_500);
    assert.deepEqual(pair.opened, []);
    assert.ok(pair.refused > 0);
    assert.equal(pair.said["7 100"], undefined);
  }
});

Deno.test("damaged messages are counted, and do nothing", () => {
  const pair = new Pair();
  const stranger = pair.hubs[0].join("stranger");
  for (const text of ["", "\n", "{}\n", '{"schemaVersion":1}\nAAAA', "x".repeat(100)]) {
    stranger.tell("gala.open.h2", "host-9", new TextEncoder().encode(text));
  }
  pair.pass(20);
  assert.equal(pair.refused, 5);
});

Deno.test("more than one message holds is asked in several", () => {
  const pair = new Pair();
  for (let packet = 1; packet <= 1_000; packet++) pair.ask(7, packet);
  pair.pass(1_800);
  const amounts = Object.values(pair.said).map((opened) => opened?.amountFen);
  assert.equal(amounts.filter((fen) => fen !== undefined).length, 1_000);
  assert.equal(pair.opened.length, 1_000);
});
