/** From opened packets to a statement, by the commands that people use. */
import assert from "node:assert/strict";
import { makeBooks, openBooks } from "../../core/books/open/open_books.ts";
import { redpkt, Running } from "../processes.ts";
import { Hosts, type Win } from "./wins.ts";

/** 60 wins of 20 users at two hosts: each user has 3, of sponsors that are sometimes the same. */
const WINS: readonly Win[] = Array.from({ length: 60 }, (_, i) => ({
  ...{
    packetId: 1 + i,
    user: i % 20,
    sponsor: 1 + (i + (i % 3 === 0 ? 0 : Math.floor(i / 20))) % 4,
    fen: 100 + i,
    s: i,
  },
}));

/** Runs a command in a folder and returns its JSON object. */
async function json(cwd: string, args: readonly string[], wantedCode = 0): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await redpkt([...args, "--json"], { cwd });
  assert.equal(code, wantedCode, `${args.join(" ")}: ${stderr}`);
  const result = JSON.parse(stdout);
  assert.equal(result.schemaVersion, 1);
  return result;
}

async function said(cwd: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await redpkt(args, { cwd });
  assert.equal(code, 0, `${args.join(" ")}: ${stderr}`);
  return stdout;
}

async function refusal(cwd: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await redpkt(args, { cwd });
  assert.deepEqual([code, stdout], [2, ""], args.join(" "));
  assert.ok(!/^\s+at /m.test(stderr), stderr);
  return stderr;
}

Deno.test("settle, hold, pay, state and reconcile, on one machine without a server", async () => {
  const cwd = await Deno.makeTempDir({ prefix: "redpkt-settle-" });
  try {
    await makeBooks(`${cwd}/books.db`, { event: "gala" });
    const books = await openBooks(`${cwd}/books.db`);
    const hosts = new Hosts(books);
    await hosts.bring(1, WINS.filter((_, i) => i % 2 === 0));
    await hosts.bring(2, WINS.filter((_, i) => i % 2 === 1));
    await books.close();

    const held = await json(cwd, ["books", "hold", "--users", "5", "--reason", "a suspect"]);
    assert.deepEqual([held.awards, held.tooLate], [0, 0]);
    const settled = await json(cwd, ["settle", "--once", "--patience-seconds", "0"]);
    assert.deepEqual([settled.openings, settled.waiting], [60, 0]);
    const { payable, held: heldNow, overSponsor } = settled as Record<string, number>;
    assert.ok(overSponsor > 0 && heldNow > 0);
    assert.equal(payable + heldNow + overSponsor, 60);
    assert.match(
      await said(cwd, ["settle", "--once", "--patience-seconds", "0"]),
      /^0 openings judged; 0 wait\n$/,
    );

    await using gateway = new Running([
      "fake-gateway",
      "--port",
      "0",
      "--statement",
      `${cwd}/gateway.db`,
      "--key",
      `${cwd}/gateway.key`,
      "--seed",
      "3",
      "--refuse-percent",
      "20",
      "--fail-percent",
      "10",
      "--timeout-after-percent",
      "10",
    ]);
    const { url } = await gateway.event("listening");
    const pay = ["payout", "--once", "--gateway", String(url), "--timeout-ms", "500", "--lease-seconds", "2"];
    const paidOut = await json(cwd, pay);
    assert.deepEqual([paidOut.queued, paidOut.inDoubt, paidOut.contradictions], [0, 0, 0]);
    assert.equal(paidOut.paid as number + (paidOut.refused as number), payable);
    assert.ok(paidOut.refused as number > 0);

    const released = await json(cwd, ["books", "release", "--users", "5", "--reason", "a human"]);
    assert.equal(released.awards, heldNow);
    await json(cwd, ["books", "revoke", "--packets", "6", "--reason", "reissued"]);
    const more = await json(cwd, pay);
    assert.equal(more.paid as number + (more.refused as number), heldNow - 1);
    assert.match(
      await said(cwd, ["books", "journal"]),
      /hold user 5: 0 awards.*a suspect\n.*release user 5.*\n.*revoke packet 6: 1 awards/,
    );

    const { sponsors, total } = await json(cwd, ["statement"]) as {
      sponsors: Record<string, number>[];
      total: Record<string, number>;
    };
    const sum = (of: readonly { fen?: number }[]) => of.reduce((sum, { fen = 0 }) => sum + fen, 0);
    assert.equal(sponsors.length, 4);
    assert.equal(total.putInFen, sum(WINS));
    assert.equal(total.paidFen + total.returnedFen, sum(WINS));
    assert.equal(total.paidPackets, paidOut.paid as number + (more.paid as number));
    assert.deepEqual([total.differenceFen, total.inDoubtFen, total.revokedPackets], [0, 0, 1]);
    assert.match(
      await said(cwd, ["statement", "--sponsor", "2"]),
      /^gala\nsponsor 2: every fen is somewhere\n +put in +16 packets/,
    );

    const bytes: Uint8Array[] = [];
    for (const out of ["a", "b"]) {
      for (
        const [to, what] of [["csv", []], ["parquet", []], ["csv", ["--awards"]], ["parquet", [
          "--awards",
        ]]] as const
      ) {
        await said(cwd, ["statement", "--to", to, ...what, "--out", `${out}.${to}`]);
        bytes.push(await Deno.readFile(`${cwd}/${out}.${to}`));
      }
    }
    assert.deepEqual(bytes.slice(0, 4), bytes.slice(4), "the same books make the same bytes");
    const lines = new TextDecoder().decode(bytes[0]).split("\n");
    assert.match(lines[0], /^sponsor,put_in_packets,put_in_fen,.*,difference_fen$/);
    assert.match(lines[1], /^1,1\d,\d+,/);
    assert.match(new TextDecoder().decode(bytes[2]), /\n6,5,\d,105,\d+,revoked,,2,\d+\n/);

    await said(cwd, ["fake-gateway", "--statement", "gateway.db", "--export", "gateway.csv"]);
    const reconcile = ["reconcile", "--books", "books.db", "--gateway-statement", "gateway.csv"];
    const reconciled = await json(cwd, reconcile);
    assert.deepEqual([reconciled.isClean, reconciled.differences], [true, []]);
    assert.equal((reconciled.payments as { paidFen: number }).paidFen, total.paidFen);
    const text = await Deno.readTextFile(`${cwd}/gateway.csv`);
    await Deno.writeTextFile(`${cwd}/gateway.csv`, text.replace(",paid,", ",refused,"));
    assert.equal((await json(cwd, reconcile, 1)).differenceCount, 1);
    gateway.process.kill("SIGTERM");
    assert.equal(await gateway.ended(), 0);
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
});

Deno.test("what can be got wrong is one line each that says what to do", async () => {
  const cwd = await Deno.makeTempDir({ prefix: "redpkt-settle-" });
  try {
    const noBooks = /--books books\.db: holds no books. Make them once/;
    for (const args of [["settle", "--once"], ["statement"], ["books", "journal"]]) {
      assert.match(await refusal(cwd, args), noBooks, args.join(" "));
    }
    assert.match(
      await refusal(cwd, ["payout"]),
      /--gateway-key gateway.key: cannot be read.*openssl rand -hex 32/,
    );
    await Deno.writeTextFile(`${cwd}/gateway.key`, "abc");
    assert.match(await refusal(cwd, ["payout"]), /at least 32 bytes in hexadecimal digits/);
    await Deno.writeTextFile(`${cwd}/gateway.key`, "ab".repeat(32));
    assert.match(await refusal(cwd, ["payout"]), noBooks);
    assert.match(await refusal(cwd, ["payout", "--gateway", "http://bank.example"]), /must be https:/);
    assert.match(
      await refusal(cwd, ["payout", "--lease-seconds", "5"]),
      /too short for --timeout-ms 10000. Give 30 or more/,
    );
    assert.match(await refusal(cwd, ["payout", "--gateway-ca", "no.pem"]), /no.pem: cannot be read/);
    assert.match(
      await refusal(cwd, ["statement", "--awards", "--out", "x"]),
      /--awards: needs --to csv.*\n.*--out: needs --to csv/,
    );
    assert.match(
      await refusal(cwd, ["books", "revoke", "--users", "5"]),
      /packets alone can be revoked\n.*--reason: is missing/,
    );
    assert.match(await refusal(cwd, ["books", "hold", "--reason", "x"]), /give one of --users and --packets/);
    assert.match(
      await refusal(cwd, ["books", "hold", "--users", "9-5", "--reason", "x"]),
      /must be an id or a range/,
    );
    assert.match(await refusal(cwd, ["fake-gateway", "--fail-percent", "101"]), /a number from 0 to 100/);
    assert.match(
      await refusal(cwd, ["fake-gateway", "--export", "x.csv"]),
      /gateway.db: there is no such file/,
    );
    assert.match(
      await refusal(cwd, ["reconcile", "--gateway-statement", "x.csv", "--ledger", "y"]),
      /needs --books URL/,
    );
    await makeBooks(`${cwd}/books.db`, { event: "gala" });
    assert.match(
      await refusal(cwd, ["statement", "--sponsor", "7"]),
      /--sponsor 7: has put nothing in. There are none/,
    );
    assert.match(
      await refusal(cwd, ["books", "release", "--users", "7", "--reason", "x"]),
      /user 7: there is no hold of exactly these. There are none/,
    );
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
});
