/** Damage of a ledger's files: whatever changes what they say is found. `deno task bench:damage` does the same longer. */
import assert from "node:assert/strict";
import { type Damage, damageOften, flipBit, loseTail, verdictOf } from "../audit/damage.ts";
import { copyFolder, FILES, growWorld, makeWorld } from "../audit/world.ts";

const SEED = Number(Deno.env.get("REDPKT_DAMAGE_SEED") ?? 1);
const TIMES = 100;

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
