/** What a server that isn't one, or is a wicked one, can do to the requests of a kept connection. */
import assert from "node:assert/strict";
import { sleep } from "../../base/clock.ts";
import { HttpConnections } from "./http_connections.ts";

const encoder = new TextEncoder();
const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

interface Wire {
  readonly connections: HttpConnections;
  /** How many connections there were. */
  dials(): number;
  ask(): Promise<string>;
}

/** A server that says these words, one after the other, to each request; "close" closes. */
async function wire(
  answersOf: (dial: number) => readonly (string | "close")[],
  run: (wire: Wire) => Promise<void>,
  timeoutMs = 60_000,
): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let dials = 0;
  const served: Promise<void>[] = [];
  const accepting = (async () => {
    for await (const connection of listener) served.push(serve(connection, answersOf(dials++)));
  })();
  const url = new URL(`http://127.0.0.1:${(listener.addr as Deno.NetAddr).port}`);
  const connections = new HttpConnections({ url, most: 2, maxBodyBytes: 100, timeoutMs });
  const ask = async () => {
    const answer = await connections.ask(encoder.encode("GET / HTTP/1.1\r\nhost: x\r\n\r\n"));
    return "failure" in answer
      ? `${answer.wasSent ? "sent" : "not sent"}: ${answer.failure}`
      : `${answer.status} ${answer.text}`;
  };
  try {
    await run({ connections, dials: () => dials, ask });
  } finally {
    connections.close();
    listener.close();
    await accepting;
    await Promise.all(served);
  }
}

async function serve(connection: Deno.Conn, answers: readonly string[]): Promise<void> {
  using _closed = connection;
  const buffer = new Uint8Array(1_024);
  try {
    for (const answer of answers) {
      if (await connection.read(buffer) === null || answer === "close") return;
      // Byte by byte where it matters most: an answer may come in any pieces.
      for (const piece of answer.split("|")) {
        await connection.write(encoder.encode(piece));
        if (answer.includes("|")) await sleep(5);
      }
    }
    while (await connection.read(buffer) !== null);
  } catch {
    // The other side has closed it.
  }
}

Deno.test("a connection is kept for the next request, whatever pieces answers come in", () =>
  wire(() => [OK, "HTTP/1.1 200 OK\r\ncont|ent-length: 2\r\n\r|\no|k", OK], async ({ ask, dials }) => {
    assert.deepEqual([await ask(), await ask(), await ask(), dials()], ["200 ok", "200 ok", "200 ok", 1]);
  }));

Deno.test("chunks, an answer without a length, and news before an answer are understood", async () => {
  const chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n";
  await wire(() => [chunked, `HTTP/1.1 100 Continue\r\n\r\n${OK}`], async ({ ask, dials }) => {
    assert.deepEqual([await ask(), await ask(), dials()], ["200 ok", "200 ok", 1]);
  });
  const endless = "HTTP/1.1 200 OK\r\n\r\nok";
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const options = { url: new URL(`http://127.0.0.1:${port}`), most: 1, maxBodyBytes: 9, timeoutMs: 60_000 };
  const connections = new HttpConnections(options);
  const asked = connections.ask(encoder.encode("GET / HTTP/1.1\r\n\r\n"));
  const connection = await listener.accept();
  await connection.read(new Uint8Array(99));
  await connection.write(encoder.encode(endless));
  connection.close();
  const answer = await asked;
  assert.equal("text" in answer && answer.text, "ok");
  connections.close();
  listener.close();
});

Deno.test("an answer to nothing is never taken for the next request's", async () => {
  for (const more of [OK, "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n", "H", "\u0001"]) {
    await wire((dial) => dial === 0 ? [OK + more] : [OK], async ({ ask, dials }) => {
      const first = await ask();
      assert.ok(first === "200 ok" || first.startsWith("sent: "), first);
      assert.deepEqual([await ask(), dials()], ["200 ok", 2], JSON.stringify(more));
    });
  }
  // The same while nobody asks: it is noticed before the next request.
  for (const unasked of [OK, "H"]) {
    await wire((dial) => dial === 0 ? [`${OK}|${unasked}`] : [OK], async ({ ask, dials }) => {
      assert.equal(await ask(), "200 ok");
      await sleep(200);
      assert.deepEqual([await ask(), dials()], ["200 ok", 2], unasked);
    });
  }
});

Deno.test("a late answer is nobody's: who waited too long has closed the connection", () =>
  wire((dial) => dial === 0 ? ["|".repeat(100) + OK] : [OK], async ({ ask, dials }) => {
    assert.match(await ask(), /^sent: no answer within 200 ms$/);
    assert.deepEqual([await ask(), dials()], ["200 ok", 2]);
  }, 200));

Deno.test("what has no clear length, is too long, cut off or another protocol is no answer, and ends the connection", async () => {
  const bad = [
    "HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\nok",
    "HTTP/1.1 200 OK\r\ncontent-length: -2000\r\n\r\nok",
    "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok",
    "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\nok",
    "HTTP/1.1 200 OK\r\ncontent-length: 101\r\n\r\nok",
    "HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
    "HTTP/2.0 200 OK\r\ncontent-length: 2\r\n\r\nok",
    "SSH-2.0-x\r\n\r\n",
    `HTTP/1.1 200 OK\r\nx: ${"y".repeat(20_000)}\r\n\r\n`,
    "close",
  ];
  await wire((dial) => [bad[dial] ?? OK], async ({ ask, dials }) => {
    for (const each of bad) assert.match(await ask(), /^sent: /, each.slice(0, 80));
    assert.deepEqual([await ask(), dials()], ["200 ok", bad.length + 1]);
  });
});

Deno.test("a server that closes after an answer, said or not, costs another connection and no request", async () => {
  const said = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok";
  await wire(() => [said], async ({ ask, dials }) => {
    assert.deepEqual([await ask(), await ask(), dials()], ["200 ok", "200 ok", 2]);
  });
});
