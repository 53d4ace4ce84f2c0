/** Kills real servers in the middle of their work, and sees what the ledger and the users know afterwards. */
import assert from "node:assert/strict";
import { Random } from "../../core/base/random.ts";
import { HeldPort } from "../../core/rehearse/stage/held_port.ts";
import { reconcile, type ReconcileResult } from "../../core/reconcile/reconcile.ts";
import { checkLedger, type CheckReport } from "../../core/audit/check/check.ts";
import { sleep } from "../../core/base/clock.ts";
import { audit } from "../audit/auditor.ts";
import { redpkt, Running } from "../processes.ts";
import { keepPower } from "./shim.ts";

export interface CrashOptions {
  readonly seed: number;
  /** How often the server is ended in the middle. */
  readonly kills: number;
  readonly users?: number;
  readonly qps?: number;
  /** Packets a second. */
  readonly packetsPerS?: number;
  /** A set of seed files for one host, whose tickets are given away instead; its waves begin soon. */
  readonly seeds?: { readonly folder: string; readonly hostId: string; readonly keys: string };
  /** The users speak version 1: they open what they win, and send to each other in groups of ten. */
  readonly sends?: boolean;
  /** Further flags for the server. */
  readonly serverFlags?: readonly string[];
  /** Environment of the server's process number `life`, from 0 on, on a ledger's directory. */
  readonly env?: (life: number, ledger: string) => Record<string, string>;
  /** Whether the disk must have failed in this life before it ends. */
  readonly faultIn?: (life: number) => boolean;
  /** How long everybody is there again before the fleet ends. */
  readonly stayMs?: number;
  /** Called after each life that was killed. */
  readonly afterKill?: (ledger: string) => Promise<void>;
  /** A start that is refused since rows are lost is no failure: somebody accepts the loss, and it goes on. */
  readonly acceptsLoss?: boolean;
}

export interface CrashResult {
  readonly reconciled: ReconcileResult;
  readonly checked: CheckReport;
  /** What a reader that shares no code with the ledger finds wrong in it, and in what its users saw. */
  readonly audited: readonly string[];
  /** Lines with the level `error` in the servers' logs. */
  readonly errors: readonly string[];
  /** How often a start was refused until somebody accepted a loss. */
  readonly acceptedLosses: number;
}

/** A user who stays for less is not asked whether they have seen everything. */
const STAY_MS = 6_000;

const GROUP_SIZE = 10;
/** How users behave who send. */
const SENDING = [
  ...["--protocol", "1", "--behave", "sendsPerS=200", "--behave", `groupSize=${GROUP_SIZE}`],
  ...["--behave", "openPercent=80", "--behave", "openAfterMs=[0, 500]", "--behave", "claimAfterMs=[0, 500]"],
];

/** How often a server is asked whether it has done enough to be killed. */
const LOOK_MS = 20;
const MOST_LOOKS = 750;

/**
 * A fleet of users shakes all the time; the server is killed and started again with another number of workers and SETs,
 * and at last compared with what the users saw.
 */
export async function crashRun(options: CrashOptions): Promise<CrashResult> {
  const { users = 2_000, qps = 4_000, seed, kills } = options;
  const random = new Random(seed);
  const directory = await Deno.makeTempDir({ prefix: "redpkt-crash-" });
  const ledger = `${directory}/ledger`;
  const awards = `${directory}/awards.csv`;
  const tokens = options.sends === true ? await tokenFlags(directory) : [];
  const errors: string[] = [];
  let acceptedLosses = 0;
  let client: Running | undefined;
  let control = "";
  // The server must find its port again.
  using held = HeldPort.take();
  try {
    for (let life = 0; life <= kills; life++) {
      const isLast = life === kills;
      const start = () => startServer(options, random, held.port, ledger, life, tokens);
      let server = start();
      if (options.acceptsLoss === true && await isRefused(server)) {
        await acceptLoss(ledger);
        acceptedLosses++;
        server = start();
      }
      const line = await server.event("listening");
      if (client === undefined) {
        client = new Running([
          ...[
            "client",
            "--users",
            `0-${users - 1}`,
            "--server",
            `127.0.0.1:${held.port}`,
            "--qps",
            String(qps),
          ],
          ...["--control", "127.0.0.1:0", "--workers", "1", "--awards", awards],
          ...["--least-answered", "0"], // while the server is dead nobody is answered
          ...(options.sends === true ? [...tokens, ...SENDING] : []),
        ]);
        control = `http://${(await client.event("ready")).control}`;
      }
      await server.event("ledger ready");
      if (options.seeds === undefined) {
        const ratePerS = options.packetsPerS ?? 1_000;
        const packets = { ratePerS, total: ratePerS * 10, minFen: 1, maxFen: 500 };
        await order(`http://${line.admin}/packets`, packets, `life ${life}`);
      } else await server.event("tickets entered");
      if (options.sends === true) await orderSends(`http://${line.admin}`, users);
      if (isLast) {
        await everybodyIsBack(control, users);
        await sleep(options.stayMs ?? STAY_MS);
        client.process.kill("SIGTERM");
        assert.equal(await client.ended(), 0);
        server.process.kill("SIGTERM");
        assert.equal(await server.ended(), 0);
      } else {
        await workAWhile(`http://${line.admin}`, random, options.faultIn?.(life) ?? false);
        server.process.kill("SIGKILL");
        await server.ended();
        await options.afterKill?.(ledger);
      }
      errors.push(
        ...server.lines.filter(({ level }) => level === "error").map((line) => JSON.stringify(line)),
      );
    }
    return {
      reconciled: reconcile({
        ledgers: [ledger],
        fleetFiles: [awards],
        seeds: options.seeds === undefined
          ? undefined
          : { places: [options.seeds.folder], keys: options.seeds.keys },
      }),
      checked: checkLedger(ledger),
      audited: audit(ledger, [awards]),
      errors,
      acceptedLosses,
    };
  } finally {
    await client?.[Symbol.asyncDispose]();
    await Deno.remove(directory, { recursive: true });
  }
}

function seedFlags({ seeds }: CrashOptions): string[] {
  if (seeds === undefined) return [];
  const { folder, hostId, keys } = seeds;
  const file = `${folder}/${hostId}.seed`;
  return ["--seed", file, "--host-id", hostId, "--seed-keys", keys, "--claims", `${folder}/claims`];
}

/** A server with some number of workers and SETs. */
function startServer(
  options: CrashOptions,
  random: Random,
  port: number,
  ledger: string,
  life: number,
  tokens: readonly string[],
): Running {
  return new Running(
    [
      ...["server", "--host", "127.0.0.1", "--port", String(port), "--admin", "127.0.0.1:0"],
      ...["--ledger", ledger, "--workers", String(random.between(1, 3))],
      ...["--set-size", String(random.between(200, 2_000))],
      ...(options.sends === true ? ["--plugins", "throttle,shake,send", ...tokens] : []),
      ...(options.serverFlags ?? []),
      ...seedFlags(options),
    ],
    undefined,
    options.env?.(life, ledger) ?? {},
  );
}

/** Whether a server ends before it listens; a refused one has exit code 2. */
async function isRefused(server: Running): Promise<boolean> {
  const isListening = server.event("listening").then(() => true, () => false);
  if (await isListening) return false;
  assert.equal(await server.ended(), 2, "only a refusal ends a start");
  return true;
}

async function acceptLoss(ledger: string): Promise<void> {
  const { code, stderr } = await redpkt(["ledger", "accept-loss", ledger, "--reason", "power was lost"]);
  assert.equal(code, 0, stderr);
  await keepPower(ledger);
}

/** Asserts that nothing was lost, given twice or seen and forgotten. */
export function assertNothingLost({ reconciled, checked, audited }: CrashResult, seed: number): void {
  assert.deepEqual(reconciled.differences, [], `seed ${seed}`);
  assert.deepEqual(checked.problems, [], `seed ${seed}`);
  assert.deepEqual(audited, [], `seed ${seed}`);
  assert.ok(reconciled.seen > 0, `seed ${seed}: somebody won something`);
}

/** Orders something, again and again while the disk fails. */
async function order(url: string, body: unknown, key: string): Promise<void> {
  for (;;) {
    const headers = { "idempotency-key": key, "content-type": "application/json" };
    const response = await fetch(url, { method: "POST", body: JSON.stringify(body), headers });
    const text = await response.text();
    if (response.status === 200) return;
    assert.match(text, /disk fails/);
    await sleep(LOOK_MS);
  }
}

/** Lets a server award some packets, and a moment more; not for ever, since its disk may fail most of the time. */
async function workAWhile(api: string, random: Random, needsFault: boolean): Promise<void> {
  const [won, moreMs] = [random.between(1, 800), random.between(0, 300)];
  for (let looks = 0; looks < MOST_LOOKS; looks++) {
    const { counters } = await (await fetch(`${api}/counters`)).json();
    if (counters.shakeWon >= won && (!needsFault || counters.ledgerFailures > 0)) break;
    await sleep(LOOK_MS);
  }
  await sleep(moreMs);
}

/** Money and groups for all users: what was done in an earlier life is not done again. */
async function orderSends(api: string, users: number): Promise<void> {
  const groups = Array.from({ length: Math.ceil(users / GROUP_SIZE) }, (_, i) => ({
    group: 1 + i,
    users: [i * GROUP_SIZE, i * GROUP_SIZE + GROUP_SIZE - 1],
  }));
  const orders: [path: string, body: unknown][] = [
    ["groups", { groups }],
    ["fund", { users: [0, users - 1], amountFen: 1_000_000 }],
  ];
  for (const [path, body] of orders) await order(`${api}/${path}`, body, "crash");
}

/** A key for tokens in a file, and the flags that name it. */
async function tokenFlags(directory: string): Promise<string[]> {
  const keys = `${directory}/keys.txt`;
  await Deno.writeTextFile(keys, `1 ${"5a".repeat(16)}\n`);
  return ["--token-keys", keys, "--event", "crash"];
}

async function everybodyIsBack(control: string, users: number): Promise<void> {
  for (;;) {
    const { ready } = await (await fetch(`${control}/status`)).json();
    if (ready === users) return;
    await sleep(100);
  }
}
