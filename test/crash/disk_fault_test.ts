/** Real servers of which one file after the other fails, while operators order: what was answered is in force. */
import assert from "node:assert/strict";
import { checkLedger } from "../../core/audit/check/check.ts";
import { sleep, systemClock } from "../../core/base/clock.ts";
import { Random } from "../../core/base/random.ts";
import { TestSet } from "../../core/seed/make/testing.ts";
import { audit } from "../audit/auditor.ts";
import { redpkt, startServer } from "../processes.ts";
import { buildShim, failNow, shimEnvNow, whyNoShim } from "./shim.ts";

const SEED = Number(Deno.env.get("REDPKT_CRASH_SEED") ?? 1);
const LOOK_MS = 20;
/** A fault lasts for so many looks; those that every commit meets are seen in the first. */
const LOOKS = 10;
/** Those that a commit can't do without. */
const NEEDED = ["/ledger.db-wal", "/head"];
const OTHERS = ["/ledger.db", "/projection.db", "/projection.db-wal", "/checkpoint.new", ".claim", ".seed"];

const why = whyNoShim();

type Server = Awaited<ReturnType<typeof startServer>>;
type Fault = { readonly kind: "eio" | "enospc"; readonly file: string };
type Fail = (fault?: Fault) => Promise<void>;
type Answer = Awaited<ReturnType<Server["post"]>>;

/** What a server needs besides a ledger. */
interface World extends Disposable {
  readonly flags: readonly string[];
}

const nothing = (): World => ({ flags: [], [Symbol.dispose]: () => {} });

/** Runs a server under the shim; whatever happens in its folder can be made to fail. */
function test(
  name: string,
  prepare: (folder: string) => World,
  run: (server: Server, fail: Fail) => Promise<void>,
): void {
  Deno.test({
    name: `${name} (seed ${SEED})${why === undefined ? "" : ` (not here: ${why})`}`,
    ignore: why !== undefined,
    async fn() {
      const shim = await buildShim();
      const folder = await Deno.makeTempDir({ prefix: "redpkt-fault-" });
      const control = `${folder}.fault`;
      const ledger = `${folder}/ledger`;
      try {
        using world = prepare(folder);
        await using server = await startServer(
          ["--ledger", ledger, "--workers", "1", ...world.flags],
          undefined,
          shimEnvNow(shim, folder, control),
        );
        await run(server, (fault) => failNow(control, fault));
        server.running.process.kill("SIGTERM");
        assert.equal(await server.running.ended(), 0);
        assert.deepEqual(checkLedger(ledger).problems, []);
        assert.deepEqual(audit(ledger, []), []);
      } finally {
        await Deno.remove(shim);
        await Deno.remove(control);
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

/** Orders again and again with the same key until the disk works, as docs/ledger.md tells operators. */
async function ordered(server: Server, path: string, body: unknown, key: string): Promise<Answer> {
  for (;;) {
    const answer = await server.post(path, body, { "idempotency-key": key });
    if (answer.status !== 503) return answer;
    assert.match(JSON.stringify(answer.body), /disk fails/);
    await sleep(LOOK_MS);
  }
}

const failures = async ({ get }: Server) => (await get("/counters")).counters.ledgerFailures as number;

/** Each file with each fault, in an order out of the seed. */
function faults(files: readonly string[]): Fault[] {
  const all = files.flatMap((file) => (["eio", "enospc"] as const).map((kind) => ({ kind, file })));
  const random = new Random(SEED);
  return all.map((fault) => ({ fault, place: random.float() }))
    .sort((a, b) => a.place - b.place).map(({ fault }) => fault);
}

/** Orders while a fault lasts, and sees whether the answer waits for the disk where it must. */
async function orderUnder(
  server: Server,
  fail: Fail,
  fault: Fault,
  order: () => Promise<Answer>,
): Promise<Answer> {
  const what = `seed ${SEED}: ${fault.kind} of ${fault.file}`;
  const before = await failures(server);
  await fail(fault);
  let answer: Answer | undefined;
  const answering = order().then((is) => answer = is);
  const isNeeded = NEEDED.includes(fault.file);
  for (let looks = 0; looks < LOOKS || (isNeeded && await failures(server) === before); looks++) {
    await sleep(LOOK_MS);
  }
  if (isNeeded) assert.equal(answer, undefined, `${what}: nobody is told of what may not be durable`);
  await fail();
  const is = await answering;
  assert.equal(is.status, 200, `${what}: ${JSON.stringify(is.body)}`);
  return is;
}

test(
  "each file fails in turn under orders of packets: each is made once, whole",
  nothing,
  async (server, fail) => {
    const files = [...NEEDED, ...OTHERS.filter((file) => file.startsWith("/"))];
    let placed = 0;
    for (const fault of faults(files)) {
      placed++;
      const order = () =>
        ordered(server, "/packets", { ratePerS: 1_000, total: 100, minFen: 1, maxFen: 9 }, `${placed}`);
      const { body } = await orderUnder(server, fail, fault, order);
      assert.equal(body.order, placed);
    }
    for (;;) {
      const { orders } = await server.get("/orders") as { orders: { state: string; made: number }[] };
      if (orders.every(({ state }) => state === "done")) break;
      assert.ok(orders.every(({ state }) => state !== "failed"), JSON.stringify(orders));
      await sleep(LOOK_MS);
    }
    assert.equal((await server.get("/packets")).inPool, 100 * placed);
  },
);

/** A seed file in the server's folder, whose one wave plays for an hour. */
function withSeed(folder: string): World {
  const start = systemClock.wallMs() - 1_000;
  const set = new TestSet({
    name: "faults",
    expires: new Date(start + 86_400_000).toISOString(),
    sponsors: [{ number: 1, name: "One", budgetFen: 100_000, amounts: { kind: "fixed", amountFen: 100 } }],
    waves: [{ name: "only", start: new Date(start).toISOString(), lengthS: 3_600 }],
    hosts: { count: 1 },
  });
  Deno.copyFileSync(set.path("host-000"), `${folder}/host-000.seed`);
  return {
    flags: [
      ...["--seed", `${folder}/host-000.seed`, "--host-id", "host-000", "--seed-keys", set.keys.path],
      ...["--claims", `${folder}/claims`],
    ],
    [Symbol.dispose]: () => set[Symbol.dispose](),
  };
}

test(
  "each file fails in turn under orders of a wave: what was answered is in force",
  withSeed,
  async (server, fail) => {
    await server.running.event("tickets entered");
    let changes = 0;
    for (const fault of faults([...NEEDED, ...OTHERS])) {
      changes++;
      const [action, state] = changes % 2 === 1 ? ["pause", "paused"] : ["resume", "playing"];
      await orderUnder(
        server,
        fail,
        fault,
        () => ordered(server, `/waves/${action}`, { wave: "only" }, `${changes}`),
      );
      const [wave] = await server.get("/waves");
      assert.equal(wave.state, state, `after ${fault.kind} of ${fault.file}`);
    }
    // Both claims fail until that is told, and are written again. A mark is written when the ledger has changed.
    const told = (event: string) => server.running.lines.filter((line) => line.event === event).length;
    const changingUntil = async (isMet: () => boolean) => {
      while (!isMet()) {
        await server.post("/waves/pause", { wave: "only" });
        await server.post("/waves/resume", { wave: "only" });
        await sleep(LOOK_MS);
      }
    };
    const isMended = () => told("claim can be written again") === told("claim cannot be written");
    await changingUntil(isMended);
    for (const kind of ["eio", "enospc"] as const) {
      const before = told("claim cannot be written");
      await fail({ kind, file: ".claim" });
      await changingUntil(() => told("claim cannot be written") === before + 2);
      await fail();
      await changingUntil(isMended);
    }
  },
);

Deno.test({
  name: `a claim that can't be made refuses the start, and the next one gives the tickets away${
    why === undefined ? "" : ` (not here: ${why})`
  }`,
  ignore: why !== undefined,
  async fn() {
    const shim = await buildShim();
    using set = new TestSet({
      name: "claims",
      expires: "2030-01-01T00:00:00Z",
      sponsors: [{ number: 1, name: "One", budgetFen: 1_000, amounts: { kind: "fixed", amountFen: 100 } }],
      waves: [{ name: "only", start: "2029-01-01T12:00:00Z", lengthS: 10 }],
      hosts: { count: 1 },
    });
    const folder = set.folder;
    const control = `${folder}.fault`;
    const flags = [
      ...["--ledger", `${folder}/ledger`, "--seed", set.path("host-000"), "--host-id", "host-000"],
      ...["--seed-keys", set.keys.path, "--claims", `${folder}/claims`],
    ];
    try {
      for (const kind of ["eio", "enospc"] as const) {
        for (const file of [".claim", ".new"]) {
          await failNow(control, { kind, file });
          const { code, stderr } = await redpkt(
            ["server", "--port", "0", "--admin", "127.0.0.1:0", ...flags],
            {
              env: shimEnvNow(shim, folder, control),
            },
          );
          assert.equal(code, 74, `${kind} of ${file}: ${stderr}`);
          assert.match(stderr, /its claim cannot be written: (Input|No space)/);
          assert.doesNotMatch(stderr, /\.ts:/);
        }
      }
      await failNow(control);
      await using server = await startServer(flags, undefined, shimEnvNow(shim, folder, control));
      await server.running.event("tickets entered");
    } finally {
      await Deno.remove(shim);
    }
  },
});
