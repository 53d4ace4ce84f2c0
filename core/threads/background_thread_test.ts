import assert from "node:assert/strict";
import { BackgroundThread } from "./background_thread.ts";
import { Waker } from "./waker.ts";

type Report = { readonly type: "seen"; readonly what: unknown } | {
  readonly type: "stopped";
  readonly left: number;
};

/** The other side, as a worker is: it tells what it is told, and ends when it is asked to. */
class FakeThread {
  onmessage: ((event: MessageEvent<Report>) => void) | null = null;
  readonly told: unknown[] = [];
  ends = true;

  postMessage(message: unknown): void {
    this.told.push(message);
    if (message === "stop" && this.ends) this.say({ type: "stopped", left: 3 });
  }

  say(data: Report): void {
    this.onmessage?.({ data } as MessageEvent<Report>);
  }
}

Deno.test("a background thread has a waker with its settings, is heard, and ends by its own order", async () => {
  const thread = new FakeThread();
  const heard: Report[] = [];
  const background = new BackgroundThread<Report>(
    thread as unknown as Worker,
    { depth: 4 },
    (report) => void heard.push(report),
  );
  const [{ waker, ...init }] = thread.told as [{ waker: SharedArrayBuffer; depth: number }];
  assert.deepEqual(init, { depth: 4 });
  const owner = new Waker(waker);
  owner.awake();
  thread.say({ type: "seen", what: 1 });
  await background.stop();
  assert.equal(owner.maySleep(), false, "it is woken to hear the order");
  assert.equal(thread.told.at(-1), "stop");
  assert.deepEqual(heard, [{ type: "seen", what: 1 }, { type: "stopped", left: 3 }]);
});

Deno.test("one that doesn't end in time is left behind", async () => {
  const thread = new FakeThread();
  thread.ends = false;
  const background = new BackgroundThread<Report>(thread as unknown as Worker, {}, () => {});
  await background.stop(1);
});
