/** Host lists as commands, and several real hosts that are lost, drained and started anew. */
import assert from "node:assert/strict";
import { redpkt } from "../processes.ts";

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a list is made, signed, checked, shown and changed, and says what is wrong with it", async () => {
  await inFolder(async (cwd) => {
    const said = async (...args: string[]) => {
      const { code, stdout, stderr } = await redpkt(["hosts", ...args], { cwd });
      return { code, text: stdout + stderr };
    };
    assert.equal((await said("key", "new")).code, 0);
    const made = await said(
      "make",
      "--event",
      "gala",
      "north@beijing=10.0.0.1-10.0.0.3",
      "south=gw.example,[2001:db8::7]",
    );
    assert.equal(made.code, 0, made.text);
    assert.match(
      (await said("sign", "hosts.json")).text,
      /hosts\.signed: gala version 1, 5 hosts in 2 clusters, signed/,
    );
    assert.equal((await said("check", "hosts.signed")).code, 0);
    const again = await said("sign", "hosts.json");
    assert.equal(again.code, 2);
    assert.match(again.text, /version 1 isn't above version 1/);
    assert.match(
      (await said("show", "hosts.signed")).text,
      /north \(beijing\): 3 hosts\n +\d+\.\d % {2}north-1 {2}number 1/,
    );
    assert.match((await said("show", "hosts.signed", "--user", "7")).text, /1\. (north|south) {2}\1-\d/);
    assert.match(
      (await said("state", "hosts.signed", "north-2", "drain")).text,
      /version 2, .* north-2 is drain/,
    );
    assert.match((await said("show", "hosts.signed")).text, /0\.0 % {2}north-2 .* drain/);
    assert.match(
      (await said("state", "hosts.signed", "north-9", "out")).text,
      /no host or cluster has this name/,
    );
    const text = await Deno.readTextFile(`${cwd}/hosts.signed`);
    await Deno.writeTextFile(`${cwd}/hosts.signed`, text.replace("10.0.0.1", "10.0.0.9"));
    const forged = await said("check", "hosts.signed", "--json");
    assert.equal(forged.code, 1);
    assert.match(forged.text, /"counts": false,\n {2}"fault": "forged"/);
    for (
      const [command, flag] of [["client", ""], ["gateway", "--listen=127.0.0.1:0"], [
        "monitor",
        "--headless",
      ]]
    ) {
      const args = [command, "--hosts", "hosts.signed", ...(flag === "" ? [] : [flag])];
      const { code, stderr } = await redpkt(args, { cwd });
      assert.equal(code, 2, stderr);
      assert.match(stderr, /--hosts hosts\.signed: is not signed by \w+, as it says/);
    }
    const both = await redpkt(["client", "--hosts", "hosts.signed", "--server", "127.0.0.1:1"], { cwd });
    assert.match(both.stderr, /--hosts, --server: both are given/);
    const drain = await redpkt(["drain", "--cluster", "x", "nobody"], { cwd });
    assert.equal(drain.code, 2);
    assert.match(drain.stderr, /--cluster: needs --hosts FILE\n.*nobody: no host of a list/);
  });
});

/** A rehearsal of four small hosts, where this happens. */
function scenario(seconds: number, places: unknown, bars: unknown = {}): string {
  return `export default ${
    JSON.stringify({
      name: "small",
      about: "four hosts in two clusters",
      users: 60,
      protocol: 1,
      hosts: {
        clusters: [{ name: "a", city: "east", hosts: 2 }, { name: "b", city: "west", hosts: 2 }],
        moveS: 3,
        backS: 6,
        // On a machine that does much else: what must hold at any speed.
        bars: { elsewhereS: 60, answeredS: 90, homePercentPerS: 100, ...bars as object },
      },
      phases: [{
        name: "evening",
        seconds,
        shakesPerS: 60,
        packets: { ratePerS: 4, minFen: 1, maxFen: 9 },
        behaviour: { openAfterMs: [0, 4_000] },
        places,
      }],
    })
  };`;
}

interface Rehearsed {
  readonly moves: number;
  readonly checks: readonly { readonly what: string; readonly seen: number | null; readonly met: boolean }[];
}

async function rehearse(text: string): Promise<Rehearsed> {
  let result: Rehearsed | undefined;
  await inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/small.ts`, text);
    const { stdout, stderr } = await redpkt(["rehearse", "./small.ts", "--json"], { cwd });
    assert.notEqual(stdout, "", stderr);
    result = JSON.parse(stdout);
  });
  return result!;
}

Deno.test("a cluster is killed under load and comes back: no award is lost or twice, every packet is opened once", async () => {
  const result = await rehearse(
    scenario(30, [
      { atS: 4, do: { what: "kill", name: "east" } },
      { atS: 14, do: { what: "start", name: "a" } },
    ]),
  );
  // How long anything takes is this machine's affair, which may do much else: awards are ours.
  const wrong = result.checks.filter(({ met, what }) => !met && !/: s until|most logins/.test(what));
  assert.deepEqual(wrong, []);
  assert.ok(result.moves > 0, "users have gone home in good order");
});

Deno.test("hosts are drained and started anew one after the other, and no shake is lost", async () => {
  const result = await rehearse(
    scenario(8, [{ atS: 2, do: { what: "roll", name: "all", perS: 100 } }], { disconnectPercent: 0 }),
  );
  // How long an answer takes is this machine's affair; that it comes is ours.
  const lost = result.checks.filter(({ met, what }) => !met && !what.includes("slowest"));
  assert.deepEqual(lost, []);
  assert.ok(result.moves >= 60, "everybody has moved at least once");
});
