/** Damage of a ledger's files: whatever changes what they say is found. `deno task bench:damage` does the same longer. */
import assert from "node:assert/strict";
import { dispatch } from "../../core/cli/command/dispatch.ts";
import type { Host } from "../../core/cli/host.ts";
import { ManualClock } from "../../core/base/clock.ts";
import { type Damage, damageOften, flipBit, loseTail, verdictOf } from "../audit/damage.ts";
import { copyFolder, FILES, growWorld, makeWorld } from "../audit/world.ts";

const SEED = Number(Deno.env.get("REDPKT_DAMAGE_SEED") ?? 1);
const TIMES = 100;
const PAGE_BYTES = 4_096;
/** Of a file so many pages are spoilt, each once. */
const MOST_PAGES = 12;

function withFolder(run: (folder: string) => void): void {
  const folder = Deno.makeTempDirSync({ prefix: "redpkt-world-" });
  try {
    run(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

const DAMAGES: Readonly<Record<string, Damage>> = { "flipped bit": flipBit, "lost tail": loseTail };

for (const [what, damage] of Object.entries(DAMAGES)) {
  Deno.test(`a ${what} that changes what a file of a ledger says is found (seed ${SEED})`, () => {
    withFolder((folder) => {
      makeWorld(folder);
      assert.equal(verdictOf(folder), "ok");
      const { missed, falseAlarms, changing, found, refused } = damageOften(folder, damage, TIMES, SEED);
      assert.deepEqual(missed, []);
      assert.deepEqual(falseAlarms, []);
      assert.ok(found + refused > TIMES / 4, `only ${found + refused} of ${TIMES} changed anything`);
      for (const file of ["ledger.db", "projection.db", "checkpoint"]) assert.ok(changing.has(file), file);
    });
  });
}

function removeFiles(folder: string, names: readonly string[]): void {
  for (const { name } of [...Deno.readDirSync(folder)]) {
    if (names.includes(name)) Deno.removeSync(`${folder}/${name}`);
  }
}

Deno.test("a truth of one time with what was made of it at another is found, also if it has grown since", () => {
  withFolder((older) =>
    withFolder((newer) => {
      makeWorld(older);
      copyFolder(older, newer);
      growWorld(newer, 10);
      assert.equal(verdictOf(newer), "ok");
      for (const other of Object.keys(FILES).filter((name) => name !== "ledger.db")) {
        for (const hasGrown of [false, true]) {
          withFolder((mixed) => {
            copyFolder(older, mixed);
            if (hasGrown) growWorld(mixed, 20);
            removeFiles(mixed, FILES[other]);
            copyFolder(newer, mixed, FILES[other]);
            assert.notEqual(verdictOf(mixed), "ok", `${other}, ${hasGrown ? "grown" : "not grown"}`);
          });
        }
        // What is made of the rows may be behind them, but the mark isn't until a power loss.
        withFolder((mixed) => {
          copyFolder(newer, mixed);
          removeFiles(mixed, FILES[other]);
          copyFolder(older, mixed, FILES[other]);
          assert.equal(verdictOf(mixed) === "ok", other !== "head", `an old ${other}`);
        });
      }
    })
  );
});

/** A page of a file full of one byte. */
function spoilPage(path: string, page: number, byte: number): void {
  using file = Deno.openSync(path, { write: true });
  file.seekSync(page * PAGE_BYTES, Deno.SeekMode.Start);
  file.writeSync(new Uint8Array(PAGE_BYTES).fill(byte));
}

/** Runs `redpkt ledger` in this process. Anything but an exit code and lines is our own mistake, and thrown. */
async function ledgerCommand(args: readonly string[]): Promise<{ code: number; err: string }> {
  let err = "";
  const host = {
    args: ["ledger", ...args],
    clock: new ManualClock(),
    env: () => undefined,
    out: () => {},
    err: (text: string) => err += text,
    isTerminal: false,
    columns: 80,
  } as Partial<Host> as Host;
  const load = () => import("../../core/audit/ledger_command.ts");
  return { code: await dispatch(host, { ledger: { group: "", summary: "", load } }, ""), err };
}

Deno.test("whichever page of a ledger is spoilt, each command that reads it ends with a line, and check finds it", async () => {
  const world = Deno.makeTempDirSync({ prefix: "redpkt-world-" });
  makeWorld(world);
  const anchor = `1:${"0".repeat(64)}`;
  const commands = (place: string) => [
    ["check", place, "--expect", anchor],
    ["show", place],
    ["show", place, "--user", "1"],
    ["show", place, "--packet", "1"],
    ["show", place, "--order", "1"],
    ["export", place, "--out", `${place}/out.csv`],
    ["backup", place, `${place}/out.backup`],
  ];
  for (const file of ["ledger.db", "ledger.db-wal", "projection.db"]) {
    const pages = Math.min(MOST_PAGES, Math.floor(Deno.statSync(`${world}/${file}`).size / PAGE_BYTES));
    for (let page = 0; page < pages; page++) {
      const place = Deno.makeTempDirSync({ prefix: "redpkt-spoilt-" });
      copyFolder(world, place);
      spoilPage(`${place}/${file}`, page, page % 2 === 0 ? 0 : 0xff);
      for (const args of commands(place)) {
        const { code, err } = await ledgerCommand(args);
        const where = `${args[0]} with page ${page} of ${file} spoilt`;
        assert.ok(code === 0 || err.startsWith("redpkt ledger: ") || args[0] === "check", `${where}: ${err}`);
        if (args[0] === "check") assert.notEqual(code, 0, where);
      }
      Deno.removeSync(place, { recursive: true });
    }
  }
  Deno.removeSync(world, { recursive: true });
});

Deno.test("what a check says of a row that was noted elsewhere", () => {
  withFolder((folder) => {
    makeWorld(folder);
    const head = "0".repeat(64);
    assert.match(verdictOf(folder, { seq: 1_000_000, head }), /and the ledger ends with row \d+/);
    const inside = [1, 2, 3, 4, 5].map((seq) => verdictOf(folder, { seq, head }));
    assert.ok(
      inside.every((words) => /no commit ends there|it is [0-9a-f]{64} here/.test(words)),
      inside.join(),
    );
    assert.ok(inside.some((words) => words.includes("no commit ends there")), inside.join());
  });
});
