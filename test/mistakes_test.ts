/** What a user can get wrong at the command line: one line each that says what to do, and never a stack trace. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { SqliteStore, TRUTH_FILE } from "../core/ledger/store/sqlite_store.ts";
import { redpkt } from "./processes.ts";

/** Runs it and returns its lines of complaint; asserts that it refuses in the right way. */
async function complaints(args: readonly string[], files: Record<string, string> = {}): Promise<string[]> {
  const cwd = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${cwd}/${name}`, text);
    const { code, stdout, stderr } = await redpkt(args, { cwd });
    assert.equal(code, 2, stderr);
    assert.equal(stdout, "");
    assert.ok(!/^\s+at /m.test(stderr), `no stack trace: ${stderr}`);
    return stderr.trimEnd().split("\n").filter((line) => !line.startsWith("{"));
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}

Deno.test("every wrong flag is named at once, with a hint", async () => {
  assert.deepEqual(
    await complaints(["server", "--prot", "1", "--workers=many", "--engine", "warp", "--set-size", "0"]),
    [
      "redpkt server: --prot: no such flag. Did you mean --port?",
      'redpkt server: --workers: must be a whole number from 0 to 256 (got "many")',
      ...(await complaints(["server", "--engine", "warp"])),
      'redpkt server: --set-size: must be a whole number from 1 to 1000000 (got "0")',
    ],
  );
});

Deno.test("a command that doesn't exist is answered with the nearest one", async () => {
  assert.deepEqual(await complaints(["serve"]), [
    "redpkt: serve: no such command. Did you mean server? See redpkt help",
  ]);
});

Deno.test("every error of a config file is named at once, with its path", async () => {
  const config = {
    server: { port: "x", colour: "red" },
    plugins: { shake: { leaseMs: 1, extra: 2 }, nobody: {} },
  };
  const lines = await complaints(["server"], { "redpkt.json": JSON.stringify(config) });
  assert.deepEqual(lines.slice(0, 2), [
    "redpkt server: redpkt.json: server.colour: no such key.",
    'redpkt server: redpkt.json: server.port: must be a whole number from 0 to 65535 (got "x")',
  ]);
  assert.equal(lines.length, 5);
  assert.match(lines[2], /plugins\.shake\.leaseMs: .*10/);
  assert.match(lines[3], /plugins\.shake: .*extra/);
  assert.match(lines[4], /plugins\.nobody: no plugin of this name is loaded/);
});

Deno.test("a top-level key that doesn't exist hides no other mistake, and an editor's own says nothing", async () => {
  const config = {
    $schema: "./config.schema.json",
    sever: {},
    server: { port: "x" },
    plugins: { nobody: {} },
  };
  assert.deepEqual(await complaints(["server"], { "redpkt.json": JSON.stringify(config) }), [
    "redpkt server: redpkt.json: sever: no such key. Did you mean server?",
    'redpkt server: redpkt.json: server.port: must be a whole number from 0 to 65535 (got "x")',
    ...(await complaints(["server"], { "redpkt.json": JSON.stringify({ plugins: { nobody: {} } }) })),
  ]);
  assert.deepEqual(
    await complaints(["server"], { "redpkt.json": '{"colour": "red", "plugins": {"shake": 5}}' }),
    [
      "redpkt server: redpkt.json: colour: no such key. There are server and plugins",
      "redpkt server: redpkt.json: plugins.shake: must be an object",
    ],
  );
  assert.deepEqual(await complaints(["server"], { "redpkt.json": "[1]" }), [
    'redpkt server: redpkt.json: must be an object: {"server": {}, "plugins": {}}',
  ]);
});

Deno.test("of a flag that may be given several times the wrong one is named", async () => {
  const why = "redpkt client: --server: 256.1.1.1: not an address. Write 10.0.0.1, 10.0.0.1-10.0.0.40, " +
    "[2001:db8::1] or a name";
  const wrong = ["--server", "256.1.1.1:1"];
  assert.deepEqual(await complaints(["client", ...wrong]), [`${why} (got "256.1.1.1:1")`]);
  assert.deepEqual(await complaints(["client", "--server", "127.0.0.1:1025", ...wrong]), [why]);
});

Deno.test("version 0 beside token keys is refused with its reason, by flag and by file", async () => {
  const files = {
    "keys.txt": `1 ${"5a".repeat(16)}`,
    "mine.json": JSON.stringify({ server: { version0: "on" } }),
  };
  const why = "redpkt server: --version0 on: with --token-keys it would let anybody be any user, " +
    "since a login of version 0 shows no token. Leave one of them out";
  assert.deepEqual(await complaints(["server", "--token-keys", "keys.txt", "--version0", "on"], files), [
    why,
  ]);
  assert.deepEqual(await complaints(["server", "--token-keys", "keys.txt", "--config", "mine.json"], files), [
    why,
  ]);
});

Deno.test("a config file that nobody named runs no code, opens no door and moves no money", async () => {
  const evil = `${await Deno.makeTempDir()}/evil.js`;
  await Deno.writeTextFile(evil, `Deno.writeTextFileSync("${evil}.ran", ""); export default {};`);
  const opens: Record<string, string> = {
    admin: "127.0.0.1:0",
    "allow-host": "evil.example",
    config: "other.json",
    set: "shake.leaseMs=10",
    ledger: "elsewhere",
    "ledger-sync": "off",
    seed: "tickets",
    "seed-keys": "keys",
    "host-id": "a",
    "packets-per-user": "0",
    "packets-per-sponsor": "0",
    version0: "on",
    "token-keys": "keys.txt",
    event: "x",
    "random-seed": "1",
  };
  const config = JSON.stringify({ server: { ...opens, plugins: `throttle,${evil},./near.js` } });
  const lines = await complaints(["server"], { "redpkt.json": config, "near.js": "throw 1" });
  for (const name of Object.keys(opens)) {
    const line = lines.find((text) => text.includes(`redpkt.json: server.${name}: a file`));
    assert.match(
      line ?? name,
      /a file that is only found may not say it. Give --.*, or name the file: --config redpkt.json$/,
    );
  }
  assert.equal(lines.filter((text) => /may not name code to run/.test(text)).length, 2, lines.join("\n"));
  await assert.rejects(Deno.stat(`${evil}.ran`), Deno.errors.NotFound);
  const named = await complaints(["server", "--config", "redpkt.json", "--port", "x"], {
    "redpkt.json": config,
  });
  assert.ok(!named.some((line) => line.includes("only found")), named.join("\n"));
});

Deno.test("a config file that is missing, or no JSON", async () => {
  assert.deepEqual(await complaints(["server", "--config", "absent.json"]), [
    "redpkt server: --config absent.json: cannot be read: there is no such file",
  ]);
  const [line] = await complaints(["server", "--config", "bad.json"], { "bad.json": "{" });
  assert.match(line, /^redpkt server: bad\.json: is no JSON: /);
});

Deno.test("what the system says of a file is told in words, without its number", async () => {
  const lines = [
    ...await complaints(["monitor", "--targets", "absent.txt"]),
    ...await complaints(["server", "--token-keys", "absent.txt"]),
    ...await complaints(["report", "absent"]),
  ];
  assert.ok(lines.length >= 3, lines.join("\n"));
  for (const line of lines) assert.ok(!/os error|Error:/.test(line), line);
});

Deno.test("a plugin that doesn't exist, can't be loaded, or is none", async () => {
  const lines = await complaints(["server", "--plugins", "shak,./absent.ts,./none.ts,./broken.ts"], {
    "none.ts": "export default { name: 'none' };",
    "broken.ts": "this is no TypeScript",
  });
  assert.match(lines[0], /plugin shak: no built-in has this name. Did you mean shake\?/);
  assert.match(lines[1], /plugin \.\/absent\.ts: cannot be loaded: /);
  assert.ok(lines.some((line) => /plugin \.\/none\.ts: config: must be a zod schema/.test(line)));
  assert.ok(lines.some((line) => /plugin \.\/none\.ts: create: must be a function/.test(line)));
  assert.ok(lines.some((line) => /plugin \.\/broken\.ts: cannot be loaded: /.test(line)));
});

Deno.test("a port that is taken, on either address", async () => {
  const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  try {
    for (const engine of Deno.build.os === "linux" ? ["epoll", "deno"] : ["deno"]) {
      const args = [
        "server",
        "--engine",
        engine,
        "--host",
        "127.0.0.1",
        "--port",
        `${port}`,
        "--admin",
        "127.0.0.1:0",
      ];
      const [line] = await complaints(args);
      assert.match(
        line,
        new RegExp(
          `Cannot listen on 127\\.0\\.0\\.1:${port}: the port is taken\\. Choose another with --port`,
        ),
      );
    }
    const [line] = await complaints(["server", "--port", "0", "--admin", `127.0.0.1:${port}`]);
    assert.match(line, /Cannot serve the admin API on .*: the port is taken\. Choose another with --admin/);
  } finally {
    taken.close();
  }
});

Deno.test("a scenario that is wrong says all that is wrong", async () => {
  assert.match((await complaints(["rehearse"]))[0], /give one scenario: gala/);
  assert.match(
    (await complaints(["rehearse", "galla"]))[0],
    /no scenario has this name\. Did you mean gala\?/,
  );
  const lines = await complaints(["rehearse", "./mine.ts"], {
    "mine.ts":
      "export default { name: 'mine', about: 'x', users: 0, phases: [{ name: 'A B', seconds: 0 }] };",
  });
  const places = lines.map((line) => /scenario \.\/mine\.ts: ([^:]*):/.exec(line)?.[1]);
  assert.deepEqual(places, ["users", "phases.0.name", "phases.0.seconds", "phases.0.shakesPerS"]);
});

Deno.test("a scenario that is no scenario, or no program", async () => {
  assert.match(
    (await complaints(["rehearse", "./mine.ts"], { "mine.ts": "export default 5;" }))[0],
    /scenario \.\/mine\.ts: the default export: /,
  );
  const [line] = await complaints(["rehearse", "./mine.ts"], {
    "mine.ts": "export const a = 1;\nexpo default {",
  });
  assert.match(line, /scenario \.\/mine\.ts: cannot be loaded: .* \(line 2, column \d+\)$/);
});

Deno.test("reconcile names every file that isn't there", async () => {
  assert.deepEqual(await complaints(["reconcile", "--ledger", "a", "--seeds", "b", "--fleet", "c"]), [
    "redpkt reconcile: --ledger a: there is no such file or folder",
    "redpkt reconcile: --seeds b: there is no such file or folder",
    "redpkt reconcile: --fleet c: there is no such file or folder",
  ]);
});

Deno.test("a ledger whose export is a folder, or whose projection can't be read", async () => {
  const directory = await Deno.makeTempDir();
  try {
    new SqliteStore(directory, "off").close();
    const [line] = await complaints(["ledger", "export", directory, "--out", directory]);
    assert.match(line, /^redpkt ledger: --out .*: cannot be written: /);
    await Deno.writeTextFile(`${directory}/projection.db`, "no database, and long enough to be seen as none");
    const [shown] = await complaints(["ledger", "show", directory, "--user", "1"]);
    assert.match(shown, /projection\.db: cannot be read: .* ledger rebuild /);
    const checked = await redpkt(["ledger", "check", directory]);
    assert.deepEqual([checked.code, checked.stderr], [1, ""]);
    assert.match(checked.stdout, /^WRONG .*projection\.db: cannot be read: .* ledger rebuild /m);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("help is shown for the program and for each command", async () => {
  const overview = await redpkt(["help"]);
  assert.equal(overview.code, 0);
  for (const [, command] of overview.stdout.matchAll(/^ {2}(\w+) {2}/gm)) {
    const { code, stdout } = await redpkt([command, "--help"]);
    assert.equal(code, 0, command);
    assert.match(stdout, /Usage: redpkt /);
    assert.equal((await redpkt(["help", command])).stdout, stdout, `help ${command}`);
  }
  assert.match((await redpkt(["version"])).stdout, /^redpkt \d+\.\d+\.\d+\n$/);
});

Deno.test("a ledger of a newer program is left as it is", async () => {
  const directory = await Deno.makeTempDir();
  try {
    new SqliteStore(directory, "off").close();
    const db = new DatabaseSync(`${directory}/${TRUTH_FILE}`);
    db.exec("pragma user_version = 99");
    db.close();
    const place = ["--port", "0", "--admin", "127.0.0.1:0"];
    for (const args of [["server", "--ledger", directory, ...place], ["ledger", "rebuild", directory]]) {
      const [line] = await complaints(args);
      assert.match(line, /ledger\.db: has schema 99, and this redpkt knows up to \d+\. Use a newer redpkt$/);
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a record is replayed, or targets are watched", async () => {
  assert.deepEqual(await complaints(["monitor", "--replay", "run.db", "--target", "127.0.0.1:1"]), [
    "redpkt monitor: --replay shows what a record has: leave --target, --targets and --hosts out, or --replay",
  ]);
});

Deno.test("every mistake of a show is told at once, by server and console", async () => {
  assert.deepEqual(
    await complaints([
      "server",
      "--bus",
      "nats://a",
      "--show-keys",
      "keys",
      "--bus",
      "http://h:1",
      "--event",
      "A B",
    ]),
    [
      "redpkt server: --bus http://h:1: consoles push to admin APIs; a host takes nats:// and file: and has its own door open",
      "redpkt server: --show-keys: needs --host-id ID, a short name in small letters that no other host has",
      "redpkt server: --show-keys: needs --event NAME, a short name in small letters such as gala-2027",
    ],
  );
  assert.deepEqual(await complaints(["server", "--bus", "nats://a"]), [
    "redpkt server: --bus: needs --show-keys DIR, the keys of those who direct the show, or --foreign-awards N",
  ]);
  assert.deepEqual(
    await complaints([
      "show",
      "policy",
      "interval=soon",
      "colour=red",
      "--in",
      "1s",
      "--at",
      "2027-02-06T20:30:00Z",
    ]),
    [
      "redpkt show: --in and --at: give one of them",
      "redpkt show: --bus: is missing: give the paths to the hosts, such as --bus nats://a1,a2,a3 or http://HOST:8989",
      "redpkt show: policy: colour: give interval=... jitter=... retry=...",
      "redpkt show: policy: interval: give a time up to 1h, such as interval=500ms",
    ],
  );
  assert.deepEqual(await complaints(["show", "hodl", "--bus", "file:bus"]), [
    "redpkt show: hodl: no such action. Did you mean hold?",
  ]);
  assert.deepEqual(await complaints(["show", "hold", "--bus", "file:bus"]), [
    "redpkt show: --keys keys: holds no key that signs. Make one: redpkt show keygen --keys keys",
  ]);
  assert.deepEqual(await complaints(["monitor", "--bus", "file:bus"]), [
    "redpkt monitor: --bus: goes with --console DIR, the console that directs by it",
  ]);
});
