/** A host that fetches its file from a depot, dies, and is replaced: real processes, as operators use them. */
import assert from "node:assert/strict";
import { redpkt, Running, startServer } from "../processes.ts";

const TOKEN = { REDPKT_TOKEN: "secret" };

Deno.test("a host fetches its own file; when it is lost a spare one gives away what was due later", async () => {
  const folder = await Deno.makeTempDir({ prefix: "redpkt-lost-" });
  const run = async (args: readonly string[], code = 0) => {
    const ended = await redpkt(args, { cwd: folder, env: TOKEN });
    assert.equal(ended.code, code, `${args.join(" ")}: ${ended.stdout}${ended.stderr}`);
    return ended.stdout + ended.stderr;
  };
  const books = ["--books", `${folder}/books.db`];
  const startMs = Math.floor(Date.now() / 1_000) * 1_000 - 60_000;
  const plan = {
    ...{ name: "evening", reserve: 1_000, expires: "2099-01-01T00:00:00Z", hosts: { count: 2 } },
    sponsors: [{ number: 1, name: "Tea", budgetFen: 60_000, amounts: { kind: "fixed", amountFen: 50 } }],
    waves: [{ name: "first", start: new Date(startMs).toISOString(), lengthS: 86_400 }],
  };
  try {
    await Deno.writeTextFile(`${folder}/plan.json`, JSON.stringify(plan));
    await run(["seed", "key", "new"]);
    await run(["seed", "make", "plan.json"]);
    await run(["books", "init", ...books, "--event", "gala"]);
    const keys = `${folder}/keys`;
    await using depot = new Running(
      ["seed", "depot", "--listen", "127.0.0.1:0", "--dir", `${folder}/depot`, "--keys", keys],
      undefined,
      TOKEN,
    );
    const url = `http://${(await depot.event("listening")).listen}`;
    await run(["seed", "push", "seeds/host-000.seed", "seeds/host-001.seed", "--to", url]);
    const start = (host: string, number: number) =>
      startServer(
        [
          ...["--ledger", `${folder}/${host}`, "--seed", url, "--seed-store", `${folder}/${host}-seeds`],
          ...["--host-id", host, "--host-number", String(number), "--seed-keys", keys],
          ...["--claims", `${folder}/${host}-claims`, "--workers", "1", "--max-connections", "100", ...books],
        ],
        undefined,
        TOKEN,
      );
    {
      await using lost = await start("host-000", 1);
      await lost.running.event("books reached");
      await lost.running.event("tickets entered");
      // The books have heard of it at least once: that is what shows a fence to be too early.
      await waitFor(async () => /"behindMs": \d/.test(await run(["books", "status", "--json", ...books])));
    } // killed
    await Deno.remove(`${folder}/host-000`, { recursive: true });
    const words = ["--for", "spare-1", "--reason", "fire", ...books];
    const early = new Date(startMs).toISOString();
    const reissue = ["seed", "reissue", "seeds/host-000.seed", "--fence"];
    assert.match(await run([...reissue, early, ...words], 2), /was heard of at .* it was not off then/);
    const fence = new Date().toISOString();
    assert.match(await run([...reissue, fence, ...words]), /the old ones are revoked/);
    assert.match(
      await run([...reissue, fence, ...words]),
      /the old ones are revoked/,
      "again it is the same",
    );
    assert.match(await run([...reissue, early, ...words], 2), /were made anew before, in other words/);
    const [made] = [...Deno.readDirSync(`${folder}/seeds`)].filter(({ name }) => name.startsWith("spare-1"));
    await run(["seed", "push", `seeds/${made.name}`, "--to", url]);
    {
      await using spare = await start("spare-1", 2);
      await spare.running.event("tickets entered");
      await waitFor(async () => /spare-1/.test(await run(["books", "status", ...books])));
    }
    assert.match(await run(["seed", "verify", "seeds"]), /PASS {2}3 files, 1,200 tickets, each once/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Whatever it takes on a busy machine; one that never comes is ended by the test's own time. */
async function waitFor(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 60; tries++) if (await isSo()) return;
  assert.fail("it doesn't come about");
}
