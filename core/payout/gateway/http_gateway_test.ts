import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { ManualClock } from "../../base/clock.ts";
import { type FindOutcome, paymentKey, type PayOutcome } from "./gateway.ts";
import { HttpGateway, type HttpGatewayOptions } from "./http_gateway.ts";
import { signatureProblem } from "./signature.ts";

const KEY = new Uint8Array(32).fill(7);
const ORDER = { key: paymentKey("gala", 17), user: 5, amountFen: 188 };
const PAID = { ...ORDER, outcome: "paid" };

/** What a client makes of a server's answers, whatever is asked. */
async function outcomes(
  answer: (request: Request) => Response | Promise<Response>,
  more: Partial<HttpGatewayOptions> = {},
): Promise<[PayOutcome, FindOutcome]> {
  const quiet = {
    hostname: "127.0.0.1",
    port: 0,
    onListen: () => {},
    onError: () => new Response(null, { status: 500 }),
  };
  await using server = Deno.serve(quiet, answer);
  const gateway = open(`http://127.0.0.1:${server.addr.port}`, more);
  try {
    return [await gateway.pay(ORDER), await gateway.find(ORDER)];
  } finally {
    gateway.close();
  }
}

function open(url: string, more: Partial<HttpGatewayOptions> = {}): HttpGateway {
  return new HttpGateway({
    url: new URL(url),
    key: KEY,
    clock: new ManualClock(),
    timeoutMs: 60_000,
    connections: 2,
    ...more,
  });
}

Deno.test("only a gateway's own word about this very order is paid or refused", async () => {
  assert.deepEqual(await outcomes(() => Response.json(PAID)), [{ kind: "paid" }, { kind: "paid" }]);
  const refused = { kind: "refused", reason: "closed" };
  assert.deepEqual(await outcomes(() => Response.json({ ...PAID, outcome: "refused", reason: "closed" })), [
    refused,
    refused,
  ]);
  const others = [
    { ...PAID, amountFen: 189 },
    { ...PAID, user: 6 },
    { ...PAID, key: "gala/18" },
    { ...PAID, outcome: "maybe" },
    { outcome: "paid" },
    "paid",
    null,
  ];
  for (const other of others) {
    const kinds = (await outcomes(() => Response.json(other))).map(({ kind }) => kind);
    assert.deepEqual(kinds, ["unknown", "unknown"], JSON.stringify(other));
  }
  const [half] = await outcomes(() => new Response('{"key": "gala/17", "user'));
  assert.equal(half.kind, "unknown");
});

Deno.test("an answer that doesn't say how long it is counts as well", async () => {
  const outcome = async (text: string) => {
    const pieces = text.match(/.{1,700}/gs)!.map((piece) => new TextEncoder().encode(piece));
    return (await outcomes(() => new Response(ReadableStream.from(pieces)))).map(({ kind }) => kind);
  };
  const text = JSON.stringify(PAID);
  assert.deepEqual(await outcome(text), ["paid", "paid"]);
  assert.deepEqual(await outcome(text.padEnd(16_384)), ["paid", "paid"], "as long as it may be");
  assert.deepEqual(await outcome(text.padEnd(16_385)), ["unknown", "unknown"]);
});

Deno.test("what a status says: surely not taken, or anything", async () => {
  for (const status of [400, 401, 403, 404, 405, 411, 413, 415, 422, 429, 503]) {
    const [pay, find] = await outcomes(() => Response.json({ errors: ["no"] }, { status }));
    assert.deepEqual([pay.kind, find.kind], ["notTaken", "unknown"], String(status));
  }
  for (const status of [201, 202, 204, 301, 302, 307, 402, 408, 409, 418, 500, 502, 504]) {
    const body = status === 204 ? null : JSON.stringify(PAID);
    const headers = { location: "/v1/payments/elsewhere" };
    const [pay, find] = await outcomes(() => new Response(body, { status, headers }));
    assert.deepEqual([pay.kind, find.kind], ["unknown", "unknown"], String(status));
  }
  const [late] = await outcomes(() => new Response(null, { status: 503, headers: { "retry-after": "7" } }));
  assert.deepEqual(late, { kind: "notTaken", reason: "the gateway answers 503", waitMs: 7_000 });
  const [, asked] = await outcomes(() =>
    new Response(null, { status: 500, headers: { "retry-after": "9" } })
  );
  assert.deepEqual(asked, { kind: "unknown", reason: "the gateway answers 500", waitMs: 9_000 });
  const [date] = await outcomes(() =>
    new Response(null, { status: 503, headers: { "retry-after": "soon" } })
  );
  assert.deepEqual(date, { kind: "notTaken", reason: "the gateway answers 503" });
});

Deno.test("only a gateway that speaks of this key has never heard of it", async () => {
  const found = async (answer: unknown) =>
    (await outcomes(() => Response.json(answer, { status: 404 })))[1].kind;
  assert.equal(await found({ key: ORDER.key, outcome: "notFound" }), "notFound");
  assert.equal(await found({ key: "gala/1", outcome: "notFound" }), "unknown");
  assert.equal(await found({ error: "no such page" }), "unknown");
});

Deno.test("a redirect is followed nowhere", async () => {
  const asked: string[] = [];
  const [pay] = await outcomes((request) => {
    asked.push(`${request.method} ${new URL(request.url).pathname}`);
    return new Response(null, { status: 307, headers: { location: "/v1/other" } });
  });
  assert.equal(pay.kind, "unknown");
  assert.deepEqual(asked, ["POST /v1/payments", "GET /v1/payments/gala%2F17"]);
});

Deno.test("every request is signed, with its key, over all that matters", async () => {
  const seen: string[] = [];
  await outcomes(async (request) => {
    const { pathname, search } = new URL(request.url);
    const signed = {
      method: request.method,
      path: pathname + search,
      timestamp: request.headers.get("redpkt-timestamp") ?? "",
      body: await request.text(),
    };
    const signature = request.headers.get("redpkt-signature") ?? "";
    const wallMs = new ManualClock().wallMs();
    assert.equal(signatureProblem(KEY, signed, signature, wallMs), undefined);
    assert.equal(request.headers.get("idempotency-key"), ORDER.key);
    const type = request.method === "POST" ? "application/json" : null;
    assert.equal(request.headers.get("content-type"), type);
    for (const [name, other] of Object.entries({ method: "PUT", path: "/x", timestamp: "1", body: "{}" })) {
      assert.match(
        signatureProblem(KEY, { ...signed, [name]: other }, signature, wallMs) ?? "",
        /another key/,
      );
    }
    assert.match(signatureProblem(new Uint8Array(32), signed, signature, wallMs) ?? "", /another key/);
    assert.match(signatureProblem(KEY, signed, signature, wallMs + 300_001) ?? "", /away from/);
    assert.match(signatureProblem(KEY, signed, signature, wallMs - 300_001) ?? "", /away from/);
    assert.match(signatureProblem(KEY, signed, "", wallMs) ?? "", /64 hexadecimal/);
    seen.push(signed.method);
    return Response.json(PAID);
  });
  assert.deepEqual(seen, ["POST", "GET"]);
});

Deno.test("an answer without end, or one that is long only once it is unpacked, is no answer", async () => {
  const endless = () => {
    const piece = new Uint8Array(4_096).fill(0x20);
    return new Response(new ReadableStream({ pull: (controller) => controller.enqueue(piece) }));
  };
  const [pay, find] = await outcomes(endless);
  assert.deepEqual([pay.kind, find.kind], ["unknown", "unknown"]);
  const bomb = gzipSync(new TextEncoder().encode(JSON.stringify(PAID) + " ".repeat(8_000_000)));
  assert.ok(bomb.length < 16_384);
  const [packed] = await outcomes(() =>
    new Response(new Uint8Array(bomb), {
      headers: { "content-encoding": "gzip", "content-length": String(bomb.length) },
    })
  );
  assert.equal(packed.kind, "unknown");
});

Deno.test("without an answer in time nobody knows, and without a connection nothing was sent", async () => {
  const { promise: never, resolve: end } = Promise.withResolvers<Response>();
  const asked: string[] = [];
  const [pay, find] = await outcomes((request) => {
    asked.push(request.method);
    if (asked.length === 1) return never;
    end(new Response());
    return Response.json(PAID);
  }, { timeoutMs: 2_000 });
  assert.deepEqual(pay, { kind: "unknown", reason: "no answer within 2000 ms" });
  assert.deepEqual(find, { kind: "paid" }, "and then it is asked");
  const free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = free.addr;
  free.close();
  const gateway = open(`http://127.0.0.1:${port}`);
  assert.equal((await gateway.pay(ORDER)).kind, "notTaken");
  assert.equal((await gateway.find(ORDER)).kind, "unknown");
  gateway.close();
});

Deno.test("a connection that breaks under an order leaves it unknown", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const broken = (async () => {
    for (let i = 0; i < 2; i++) {
      const connection = await listener.accept();
      await connection.read(new Uint8Array(1_024));
      connection.close();
    }
  })();
  const gateway = open(`http://127.0.0.1:${listener.addr.port}`);
  assert.equal((await gateway.pay(ORDER)).kind, "unknown");
  assert.equal((await gateway.find(ORDER)).kind, "unknown");
  gateway.close();
  await broken;
});
