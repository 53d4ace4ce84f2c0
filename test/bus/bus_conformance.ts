/** What every bus promises, whatever carries it. A value here is a number and a name: the higher number is newer. */
import assert from "node:assert/strict";
import type { Bus, ValueOrder } from "../../core/bus/bus.ts";

export interface BusKit {
  readonly name: string;
  readonly ignore?: boolean;
  /** What can't be tried with it, by case and why. */
  readonly skips?: Readonly<Record<string, string>>;
  /** Begins anew, with nothing kept. */
  start(order: ValueOrder): Promise<BusStage> | BusStage;
}

export interface BusStage extends AsyncDisposable {
  /** Another side of the same bus. */
  join(): Bus;
  /** Lets time pass, until something is so; throws if it never is. */
  until(isSo: () => boolean, what: string): Promise<void>;
  /** Loses what is kept; absent if it can't. */
  forget?(): Promise<void> | void;
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (value: string) => new TextEncoder().encode(value);
const order: ValueOrder = {
  isNewer: (value, than) => numberOf(value) > numberOf(than),
};

function numberOf(value: Uint8Array): number {
  const number = Number(text(value).split(" ")[0]);
  return Number.isFinite(number) ? number : -1;
}

/** The newest of what a side was given. */
function watching(
  bus: Bus,
  subject = "gala.show",
): { readonly seen: (string | undefined)[]; newest: string } {
  const seen: (string | undefined)[] = [];
  const state = { seen, newest: "" };
  bus.watch(subject, (value) => {
    seen.push(value === undefined ? undefined : text(value));
    if (value !== undefined && numberOf(value) > numberOf(bytes(state.newest || "-1"))) {
      state.newest = text(value);
    }
  });
  return state;
}

const cases: Record<string, (stage: BusStage) => Promise<void>> = {
  async "who watches gets what is offered, and what comes after it"(stage) {
    const [director, host] = [stage.join(), stage.join()];
    const seen = watching(host);
    director.offer("gala.show", bytes("1 go"));
    await stage.until(() => seen.newest === "1 go", "the first value");
    director.offer("gala.show", bytes("2 hold"));
    await stage.until(() => seen.newest === "2 hold", "the second value");
  },
  async "who comes late gets the newest at once"(stage) {
    const director = stage.join();
    const own = watching(director);
    for (const value of ["1 a", "2 b", "3 c"]) director.offer("gala.show", bytes(value));
    await stage.until(() => own.newest === "3 c", "the value itself");
    const seen = watching(stage.join());
    await stage.until(() => seen.newest === "3 c", "the newest value");
    assert.ok(!seen.seen.includes("1 a") || seen.newest === "3 c");
  },
  async "an older value never takes the place of a newer one"(stage) {
    const [first, second] = [stage.join(), stage.join()];
    const seen = watching(second);
    first.offer("gala.show", bytes("7 new"));
    await stage.until(() => seen.newest === "7 new", "the new value");
    second.offer("gala.show", bytes("5 old"));
    const late = watching(stage.join());
    await stage.until(() => late.newest === "7 new", "the new value, after an old one was offered");
  },
  async "what is no proper value is replaced by any"(stage) {
    const [first, second] = [stage.join(), stage.join()];
    const seen = watching(second);
    first.offer("gala.show", bytes("garbage"));
    await stage.until(() => seen.seen.includes("garbage"), "garbage");
    second.offer("gala.show", bytes("1 proper"));
    const late = watching(stage.join());
    await stage.until(() => late.newest === "1 proper", "the proper value");
  },
  async "a bus without a value says so"(stage) {
    const seen = watching(stage.join());
    await stage.until(() => seen.seen.length > 0, "an answer");
    assert.deepEqual([...new Set(seen.seen)], [undefined]);
  },
  async "subjects know nothing of each other"(stage) {
    const [director, host] = [stage.join(), stage.join()];
    const gala = watching(host);
    const other = watching(host, "other.show");
    director.offer("gala.show", bytes("1 gala"));
    director.offer("other.show", bytes("9 other"));
    await stage.until(() => gala.newest !== "" && other.newest !== "", "both");
    assert.deepEqual([gala.newest, other.newest], ["1 gala", "9 other"]);
  },
  async "messages come with who has sent them, to all who hear"(stage) {
    const [host, ...directors] = [stage.join(), stage.join(), stage.join()];
    const heard = directors.map((director) => {
      const all = new Map<string, string>();
      director.hear("gala.ack", (from, message) => all.set(from, text(message)));
      return all;
    });
    await told(stage, () => {
      host.tell("gala.ack", "host-1", bytes("has 1"));
      host.tell("gala.ack", "host_2", bytes("has 2"));
    }, () => heard.every((all) => all.size === 2));
    for (const all of heard) assert.deepEqual([all.get("host-1"), all.get("host_2")], ["has 1", "has 2"]);
  },
  async "the latest message of a sender is heard, whatever became of those before it"(stage) {
    const [host, director] = [stage.join(), stage.join()];
    let last = "";
    director.hear("gala.ack", (_from, message) => last = text(message));
    await told(stage, () => host.tell("gala.ack", "h", bytes("0")), () => last === "0");
    for (let i = 1; i <= 50; i++) host.tell("gala.ack", "h", bytes(String(i)));
    await told(stage, () => host.tell("gala.ack", "h", bytes("last")), () => last === "last");
  },
  async "what was forgotten is offered again by whoever wants it kept"(stage) {
    const director = stage.join();
    const own = watching(director);
    director.offer("gala.show", bytes("4 four"));
    await stage.until(() => own.newest === "4 four", "the value");
    await stage.forget!();
    let late = watching(stage.join());
    await stage.until(() => {
      if (late.newest === "4 four") return true;
      late = watching(stage.join());
      return false;
    }, "the value, after it was forgotten");
  },
  async "what comes late or twice changes nothing: the newest of all that is wanted counts, after it was forgotten too"(
    stage,
  ) {
    const [first, second] = [stage.join(), stage.join()];
    const seen = watching(first);
    for (let i = 0; i < 3; i++) first.offer("gala.show", bytes("5 five"));
    await stage.until(() => seen.newest === "5 five", "the first value");
    second.offer("gala.show", bytes("7 seven"));
    await stage.until(() => seen.newest === "7 seven", "the newer value");
    first.offer("gala.show", bytes("6 late"));
    await stage.forget!();
    let late = watching(stage.join());
    await stage.until(() => {
      if (late.newest === "7 seven") return true;
      late = watching(stage.join());
      return false;
    }, "the newest value, after all was forgotten");
  },
  async "a side that is closed hears nothing more"(stage) {
    const [director, host, other] = [stage.join(), stage.join(), stage.join()];
    const seen = watching(host);
    const others = watching(other);
    director.offer("gala.show", bytes("1 a"));
    await stage.until(() => seen.newest === "1 a" && others.newest === "1 a", "the first value");
    await host.close();
    director.offer("gala.show", bytes("2 b"));
    await stage.until(() => others.newest === "2 b", "the second value");
    assert.equal(seen.newest, "1 a");
  },
};

/** A message may be lost on its way, as one that comes before somebody listens is: it is told until it was heard. */
async function told(stage: BusStage, tell: () => void, isHeard: () => boolean): Promise<void> {
  await stage.until(() => {
    if (isHeard()) return true;
    tell();
    return isHeard();
  }, "a message");
}

/** Runs every case against a bus. */
export function describeBus({ name, start, skips = {}, ignore = false }: BusKit): void {
  for (const [title, run] of Object.entries(cases)) {
    const why = skips[title];
    Deno.test({
      name: `bus ${name}: ${title}${why === undefined ? "" : ` (left out: ${why})`}`,
      ignore: ignore || why !== undefined,
      async fn() {
        await using stage = await start(order);
        await run(stage);
      },
    });
  }
}
