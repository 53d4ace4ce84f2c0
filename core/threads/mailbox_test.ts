import assert from "node:assert/strict";
import { AssertionFailed } from "../base/assert.ts";
import { Random } from "../base/random.ts";
import { Waker } from "./waker.ts";
import { decodeControl, encodeControl, Mailbox, mailboxBytes, MessageKind } from "./mailbox.ts";

const CAPACITY_WORDS = 64;

function open(capacityWords = CAPACITY_WORDS): Mailbox {
  return new Mailbox(new SharedArrayBuffer(mailboxBytes(capacityWords)));
}

interface Message {
  kind: number;
  set: number;
  plugin: number;
  words: number[];
}

/** Everything that waits, copied. */
function drain(mailbox: Mailbox): Message[] {
  const messages: Message[] = [];
  const count = mailbox.drain((kind, set, plugin, words, at, count) => {
    messages.push({ kind, set, plugin, words: [...words.subarray(at, at + count)] });
  });
  assert.equal(count, messages.length);
  return messages;
}

function post(mailbox: Mailbox, { kind, set, plugin, words }: Message): boolean {
  return mailbox.post(kind, set, plugin, Int32Array.from(words), words.length);
}

function someMessage(random: Random, maxWords: number): Message {
  return {
    kind: 1 + random.below(2),
    set: random.between(-1, 100),
    plugin: random.below(8),
    words: Array.from({ length: random.below(maxWords + 1) }, () => random.uint32() | 0),
  };
}

Deno.test("messages arrive whole and in order", () => {
  const mailbox = open();
  const sent = [
    { kind: MessageKind.control, set: -1, plugin: 0, words: [] },
    { kind: MessageKind.plugin, set: 7, plugin: 2, words: [1, -2, 0x7fff_ffff] },
  ];
  for (const message of sent) assert.ok(post(mailbox, message));
  assert.deepEqual(drain(mailbox), sent);
  assert.deepEqual(drain(mailbox), []);
});

Deno.test("a full mailbox takes nothing, and everything again once it is read", () => {
  const mailbox = open();
  const message = { kind: 1, set: 2, plugin: 3, words: [4, 5, 6, 7] };
  let posted = 0;
  while (post(mailbox, message)) posted++;
  assert.equal(posted, CAPACITY_WORDS / 8);
  assert.equal(post(mailbox, { ...message, words: [] }), false);
  assert.equal(drain(mailbox).length, posted);
  while (post(mailbox, message)) posted--;
  assert.equal(posted, 0);
});

Deno.test("an empty mailbox takes the longest message wherever its end is", () => {
  const longest = {
    kind: 1,
    set: 2,
    plugin: 3,
    words: Array.from({ length: CAPACITY_WORDS / 2 - 4 }, (_, i) => i),
  };
  for (let shift = 0; shift < CAPACITY_WORDS; shift++) {
    const mailbox = open();
    // Five words a message: every place is reached in turn.
    for (let i = 0; i < shift; i++) {
      assert.ok(post(mailbox, { kind: 1, set: 0, plugin: 0, words: [i] }));
      drain(mailbox);
    }
    assert.ok(post(mailbox, longest), `after ${shift} messages`);
    assert.deepEqual(drain(mailbox), [longest]);
  }
});

Deno.test("a message over half the mailbox is our own mistake, and so is an odd capacity", () => {
  const mailbox = open();
  assert.throws(() => mailbox.post(1, 0, 0, new Int32Array(29), 29), AssertionFailed);
  assert.throws(() => open(48), AssertionFailed);
});

Deno.test("the reader may write to the mailbox that it reads", () => {
  const mailbox = open();
  post(mailbox, { kind: 1, set: 0, plugin: 0, words: [3] });
  const seen: number[] = [];
  while (
    mailbox.drain((_kind, _set, _plugin, words, at) => {
      const left = words[at];
      seen.push(left);
      if (left > 0) post(mailbox, { kind: 1, set: 0, plugin: 0, words: [left - 1] });
    })
  );
  assert.deepEqual(seen, [3, 2, 1, 0]);
});

Deno.test("random messages against a plain queue, across many wraps", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new Random(seed);
    const mailbox = open();
    const waiting: Message[] = [];
    for (let step = 0; step < 1000; step++) {
      if (random.below(4) === 0) {
        assert.deepEqual(drain(mailbox), waiting, `seed ${seed}`);
        waiting.length = 0;
      }
      const message = someMessage(random, 12);
      if (post(mailbox, message)) waiting.push(message);
      else assert.ok(waiting.length > 0, `seed ${seed}: an empty mailbox has room`);
    }
  }
});

Deno.test("positions may pass 2^31 and 2^32 words", () => {
  for (const start of [0x7fff_fff0, 0xffff_fff0]) {
    const memory = new SharedArrayBuffer(mailboxBytes(CAPACITY_WORDS));
    new Int32Array(memory).fill(start | 0, 0, 2);
    const mailbox = new Mailbox(memory);
    for (let i = 0; i < 40; i++) {
      const message = { kind: 1, set: i, plugin: 0, words: [i, i, i] };
      assert.ok(post(mailbox, message));
      assert.deepEqual(drain(mailbox), [message]);
    }
    let posted = 0;
    while (post(mailbox, { kind: 1, set: 0, plugin: 0, words: [1, 2, 3, 4] })) posted++;
    assert.ok(posted >= CAPACITY_WORDS / 8 - 1);
  }
});

Deno.test("control messages survive the way as JSON, in any language", () => {
  const mailbox = open();
  for (const message of [{ kind: "drain", seconds: 20 }, "红包 🧧", null, [], { text: "a" }]) {
    const words = encodeControl(message);
    assert.ok(mailbox.post(MessageKind.control, -1, 0, words, words.length));
    let got: unknown;
    mailbox.drain((_kind, _set, _plugin, words, at) => got = decodeControl(words, at));
    assert.deepEqual(got, message);
  }
});

/** What the other thread is given: a mailbox and a waker for either direction. */
interface Peer {
  toPeer: SharedArrayBuffer;
  peerWaker: SharedArrayBuffer;
  fromPeer: SharedArrayBuffer;
  ownWaker: SharedArrayBuffer;
}

const MESSAGES = 20_000;
/** Only a lost ring would wait that long. */
const LOST_MS = 120_000;

Deno.test("between two threads nothing is lost, doubled or torn, with both mailboxes full most of the time", async () => {
  const peer: Peer = {
    toPeer: new SharedArrayBuffer(mailboxBytes(256)),
    peerWaker: new Waker().words.buffer,
    fromPeer: new SharedArrayBuffer(mailboxBytes(256)),
    ownWaker: new Waker().words.buffer,
  };
  const [toPeer, fromPeer] = [new Mailbox(peer.toPeer), new Mailbox(peer.fromPeer)];
  const [peerWaker, waker] = [new Waker(peer.peerWaker), new Waker(peer.ownWaker)];
  // This file is its own worker, as the program is.
  const worker = new Worker(import.meta.url, { type: "module", name: "mailbox peer" });
  worker.postMessage(peer);

  const sending = new Random(1);
  const expecting = new Random(1);
  let next: Message = someMessage(sending, 100);
  let sent = 0;
  let received = 0;
  while (received < MESSAGES) {
    waker.awake();
    let isBusy = false;
    while (sent < MESSAGES && post(toPeer, next)) {
      next = someMessage(sending, 100);
      sent++;
      isBusy = true;
    }
    for (const message of drain(fromPeer)) {
      assert.deepEqual(message, someMessage(expecting, 100));
      received++;
      isBusy = true;
    }
    if (isBusy) peerWaker.wake();
    else await waker.sleep(LOST_MS);
  }
  assert.equal(sent, MESSAGES);
  assert.deepEqual(drain(fromPeer), []);
});

/** The other thread: sends everything back. */
function echo(peer: Peer): void {
  const [inbox, outbox] = [new Mailbox(peer.toPeer), new Mailbox(peer.fromPeer)];
  const [waker, backWaker] = [new Waker(peer.peerWaker), new Waker(peer.ownWaker)];
  const waiting: Message[] = [];
  for (let echoed = 0; echoed < MESSAGES;) {
    waker.awake();
    // Reads on only when all is sent back, so that the sender meets a full mailbox too.
    let isBusy = false;
    if (waiting.length === 0) waiting.push(...drain(inbox));
    while (waiting.length > 0 && post(outbox, waiting[0])) {
      waiting.shift();
      echoed++;
      isBusy = true;
    }
    if (isBusy) backWaker.wake();
    else waker.sleepBlocking(LOST_MS);
  }
  self.close();
}

if ("WorkerGlobalScope" in globalThis) {
  globalThis.addEventListener("message", (event) => echo((event as MessageEvent<Peer>).data));
}
