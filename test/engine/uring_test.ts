/** What is engine uring's own: many rings, several threads on one listening socket, connections without descriptors. */
import { equal, ok } from "node:assert/strict";
import { AcceptMode, type EngineHandler } from "../../core/engine/common/engine.ts";
import { openListener } from "../../core/engine/common/listener.ts";
import { libc } from "../../core/os/posix.ts";
import { UringEngine } from "../../core/engine/uring/uring.ts";
import { whyNoUring } from "../../core/engine/uring/ring/support.ts";
import { Waker } from "../../core/threads/waker.ts";
import { systemClock } from "../../core/base/clock.ts";
import { ServerWord, startThread, WriterWord } from "./uring_threads.ts";

const LOOPBACK = 0x7f00_0001;
const why = whyNoUring();
const suffix = why === null ? "" : ` (skipped: ${why})`;

/** Does nothing but what a test adds. */
function handlerWith(own: Partial<EngineHandler>): EngineHandler {
  const nothing = () => {};
  return {
    onWake: nothing,
    onAccept: nothing,
    onConnect: nothing,
    onBytes: nothing,
    onEnd: nothing,
    onDrain: nothing,
    onClose: nothing,
    ...own,
  };
}

Deno.test({
  name: `uring wakes out of a long sleep by bytes on any of its rings${suffix}`,
  ignore: why !== null,
  async fn() {
    const peers = 6;
    const waker = new Waker();
    const engine = new UringEngine({ capacity: peers, slotsPerRing: 1, clock: systemClock, waker });
    const listener = openListener(LOOPBACK, 0);
    const heard: number[] = [];
    let accepted = 0;
    engine.attach(handlerWith({
      onAccept: () => accepted++,
      onBytes: (_connection, start) => heard.push(engine.input.bytes[start]),
      onEnd: (connection) => engine.close(connection),
    }));
    engine.listen({ kind: "descriptor", ...listener });
    const words = new Int32Array(new SharedArrayBuffer(12));
    const memory = waker.words.buffer;
    const { ended } = await startThread({ kind: "writer", port: listener.port, peers, words, waker: memory });
    while (accepted < peers) engine.poll(10);
    for (let round = 1; round <= peers; round++) {
      Atomics.store(words, WriterWord.order, round);
      Atomics.notify(words, WriterWord.order);
      // Sleeps until the thread, which waits for that, writes: the one poll that follows must end by it.
      for (let polls = 0; heard.length < round; polls++) {
        engine.poll(10_000);
        ok(polls < 10, "a poll ends because something came");
      }
      Atomics.store(words, WriterWord.awake, round);
      Atomics.notify(words, WriterWord.awake);
    }
    equal(heard.join(), "1,2,3,4,5,6");
    equal(words[WriterWord.rescues], 0, "no sleep had to be ended by the waker");
    Atomics.store(words, WriterWord.order, -1);
    Atomics.notify(words, WriterWord.order);
    await ended;
    engine.shutdown();
    libc().close(listener.fd);
  },
});

Deno.test({
  name: `uring loses no peer of two threads that have exactly as many slots together${suffix}`,
  ignore: why !== null,
  async fn() {
    const peers = 600;
    const listener = { kind: "descriptor", ...openListener(LOOPBACK, 0) } as const;
    const servers: { words: Int32Array; ended: Promise<void> }[] = [];
    for (let i = 0; i < 2; i++) {
      const words = new Int32Array(new SharedArrayBuffer(16));
      const { ended } = await startThread({
        kind: "server",
        listener,
        capacity: peers / 2,
        slotsPerRing: 70,
        words,
      });
      servers.push({ words, ended });
    }
    const engine = new UringEngine({
      capacity: peers,
      slotsPerRing: 250,
      clock: systemClock,
      waker: new Waker(),
    });
    let answered = 0;
    let closed = 0;
    engine.attach(handlerWith({
      onConnect(connection) {
        const at = engine.reserve(connection, 1);
        engine.output.bytes[at] = connection;
        engine.commit(connection, 1);
      },
      onBytes(connection, start, end) {
        equal(end - start, 1);
        equal(engine.input.bytes[start], connection & 0xff);
        answered++;
      },
      onEnd: (connection) => engine.close(connection),
      onClose: () => closed++,
    }));
    for (let i = 0; i < peers; i++) {
      ok(engine.dial({ address: LOOPBACK, port: listener.port, source: 0 }) >= 0);
    }
    for (let polls = 0; answered < peers; polls++) {
      engine.poll(50);
      ok(closed === 0 && polls < 10_000, `${answered} answered, ${closed} closed`);
    }
    const sum = (word: number) => servers.reduce((all, { words }) => all + Atomics.load(words, word), 0);
    equal(sum(ServerWord.accepted), peers);
    for (let i = 0; i < peers; i++) engine.close(i);
    for (let polls = 0; closed < peers || sum(ServerWord.closed) < peers; polls++) {
      engine.poll(50);
      ok(polls < 10_000, `${closed} closed here and ${sum(ServerWord.closed)} there`);
    }
    for (const { words } of servers) Atomics.store(words, ServerWord.isStopped, 1);
    for (const { ended } of servers) await ended;
    engine.shutdown();
    libc().close(listener.fd);
  },
});

for (const isAcceptingPlainly of [false, true]) {
  const way = isAcceptingPlainly ? "outside its ring" : "on its ring";
  Deno.test({
    name: `uring takes no more peers than it may, accepting ${way}${suffix}`,
    ignore: why !== null,
    fn() {
      const options = { capacity: 16, clock: systemClock, isAcceptingPlainly };
      const [server, client] = [1, 2].map(() => new UringEngine({ ...options, waker: new Waker() }));
      const listener = openListener(LOOPBACK, 0);
      let accepted = 0;
      let connected = 0;
      server.attach(handlerWith({ onAccept: () => accepted++ }));
      client.attach(handlerWith({ onConnect: () => connected++ }));
      server.listen({ kind: "descriptor", ...listener });
      for (let i = 0; i < 9; i++) client.dial({ address: LOOPBACK, port: listener.port, source: 0 });
      while (connected < 9) client.poll(10);
      for (const [most, sum] of [[0, 0], [2, 2], [5.9, 7], [100, 9]]) {
        server.setAccepting(AcceptMode.open, most);
        for (let polls = 0; polls < 10 || (accepted < sum && polls < 1_000); polls++) server.poll(1);
        equal(accepted, sum);
        equal(server.used, sum);
      }
      server.shutdown();
      client.shutdown();
      libc().close(listener.fd);
    },
  });
}

/** In a process of its own, whose limit on descriptors is far below its connections. */
const MANY_WITH_FEW = `
  import { openListener } from "./core/engine/common/listener.ts";
  import { UringEngine } from "./core/engine/uring/uring.ts";
  import { Waker } from "./core/threads/waker.ts";
  import { systemClock } from "./core/base/clock.ts";
  const listener = openListener(0x7f000001, 0);
  const make = () => new UringEngine({ capacity: 300, clock: systemClock, waker: new Waker() });
  const [server, client] = [make(), make()];
  let up = 0;
  const nothing = () => {};
  const handler = { onWake: nothing, onBytes: nothing, onEnd: nothing, onDrain: nothing };
  const onClose = (_connection, cause) => { throw new Error("closed " + cause); };
  server.attach({ ...handler, onConnect: nothing, onAccept: () => up++, onClose });
  client.attach({ ...handler, onAccept: nothing, onConnect: () => up++, onClose });
  server.listen({ kind: "descriptor", ...listener });
  for (let i = 0; i < 300; i++) client.dial({ address: 0x7f000001, port: listener.port, source: 0 });
  while (up < 600) { client.poll(1); server.poll(1); }
  console.log("up", up, "descriptors", [...Deno.readDirSync("/proc/self/fd")].length < 100);
  server.shutdown();
  client.shutdown();
`;

Deno.test({
  name: `uring holds more connections than the process may open descriptors${suffix}`,
  ignore: why !== null,
  async fn() {
    const command = `ulimit -n 128 && exec "$0" eval "$1"`;
    const cwd = new URL("../..", import.meta.url).pathname;
    const child = new Deno.Command("sh", { args: ["-c", command, Deno.execPath(), MANY_WITH_FEW], cwd });
    const { stdout, stderr } = await child.output();
    const decoder = new TextDecoder();
    equal(decoder.decode(stdout).trim(), "up 600 descriptors true", decoder.decode(stderr));
  },
});
