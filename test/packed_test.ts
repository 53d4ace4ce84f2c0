/**
 * The packed program, as somebody has it who has nothing else: from an empty directory, with no Deno on the PATH, and,
 * where the test may take it away, no network.
 */
import assert from "node:assert/strict";

const root = new URL("..", import.meta.url).pathname;
/** All that the packed file itself needs, besides its compression. */
const SYSTEM_PATH = "/usr/bin:/bin";

const SCENARIO = `export default {
  name: "tiny",
  about: "a second of shaking",
  users: 100,
  phases: [{
    name: "shake",
    seconds: 1,
    shakesPerS: 500,
    packets: { ratePerS: 50 },
    thresholds: { answeredPercent: { atLeast: 100 }, won: { atLeast: 1 } },
  }],
} satisfies unknown;
`;

/** Refuses shakes. Typed, so that it shows that a user's file needs no build. */
const PLUGIN = `export default (api: any) =>
  api.definePlugin({
    name: "closed",
    config: api.z.strictObject({ opcode: api.z.number().default(api.Opcode.shakeRequest) }),
    create: (_set: unknown, config: { opcode: number }) => ({
      admit: (_connection: number, opcode: number): number =>
        opcode === config.opcode ? api.refuseFor(0) : api.ADMIT,
    }),
  });
`;

interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function output(command: string, args: string[], options: Deno.CommandOptions = {}): Promise<Result> {
  const result = await new Deno.Command(command, { args, stdin: "null", ...options }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code: result.code, out: text(result.stdout), err: text(result.stderr) };
}

async function isThere(command: string, ...args: string[]): Promise<boolean> {
  try {
    return (await output(command, args)).code === 0;
  } catch {
    return false;
  }
}

async function whyNot(): Promise<string | undefined> {
  if (Deno.build.os === "windows") return "the packed file is a shell script";
  if (!await isThere("tar", "--version")) return "tar is not installed";
  return await isThere("gzip", "--version") ? undefined : "gzip is not installed";
}

/** What a command is started through, so that it has loopback and nothing else. */
async function withoutNetwork(): Promise<string[]> {
  const alone = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"];
  return await isThere(alone[0], ...alone.slice(1), "true") ? alone : [];
}

interface World {
  readonly folder: string;
  /** Where the program is started: at first it holds the user's two files and nothing else. */
  readonly work: string;
  /** The packed file. */
  readonly file: string;
  /** Starts it, or another file in its place. */
  start(args: string[], env?: Record<string, string>, file?: string): Promise<Result>;
}

async function makeWorld(): Promise<World> {
  const folder = await Deno.makeTempDir({ prefix: "redpkt-packed-" });
  const [file, work] = [`${folder}/redpkt`, `${folder}/work`];
  await Deno.mkdir(work);
  await Deno.writeTextFile(`${work}/tiny.ts`, SCENARIO);
  await Deno.writeTextFile(`${work}/closed.ts`, PLUGIN);
  const prefix = await withoutNetwork();
  if (prefix.length === 0) console.log("packed program: the network stays: no `unshare --net` here");
  return {
    folder,
    work,
    file,
    start(args, env = {}, started = file) {
      const [command, ...rest] = [...prefix, started, ...args];
      const cache = `${folder}/cache`;
      return output(command, rest, {
        cwd: work,
        clearEnv: true,
        env: { PATH: SYSTEM_PATH, HOME: work, REDPKT_CACHE: cache, ...env },
      });
    },
  };
}

/** In this order: the first makes the file. */
const STEPS: Record<string, (world: World) => Promise<void>> = {
  async "is made"({ file }) {
    const args = ["run", "-A", `${root}.ci/compile.ts`, "--form", "packed", "--compression", "gzip"];
    const made = await output(Deno.execPath(), [...args, "--fast", "--out", file]);
    assert.equal(made.code, 0, made.err);
  },

  async "two that start first at the same time both run"({ start, folder }) {
    for (const { code, out, err } of await Promise.all([start(["version"]), start(["version"])])) {
      assert.match(out, /^redpkt \d/, err);
      assert.equal(code, 0);
    }
    const left = Array.from(Deno.readDirSync(`${folder}/cache`), ({ name }) => name);
    assert.deepEqual(left.filter((name) => name.startsWith(".")), [], "nothing half unpacked is left");
  },

  async "shows the help of every subcommand"({ start }) {
    const overview = await start(["help"]);
    const commands = Array.from(overview.out.matchAll(/^ {2}(\w+) {2}/gm), ([, name]) => name);
    assert.ok(commands.includes("demo"), overview.out + overview.err);
    for (const command of commands) {
      const { code, out, err } = await start([command, "--help"]);
      assert.match(out, /Usage: redpkt/, `${command}: ${err}`);
      assert.equal(code, 0, command);
    }
  },

  async "rehearses a user's scenario: children and workers start"({ start }) {
    const { code, out, err } = await start(["rehearse", "./tiny.ts", "--out", "results"]);
    assert.equal(code, 0, out + err);
    assert.match(out, /^PASS {2}tiny/m);
  },

  async "runs a user's plugin, in the workers too"({ start, work }) {
    await Deno.copyFile(`${root}docs/example_plugin.ts`, `${work}/dice.ts`);
    const flags = ["--server-flag=--plugins=./closed.ts,throttle,shake,./dice.ts", "--out", "refused"];
    const { code, out, err } = await start(["rehearse", "./tiny.ts", ...flags]);
    assert.equal(code, 1, out + err);
    const [{ name }] = Deno.readDirSync(`${work}/refused`);
    const [phase] = JSON.parse(await Deno.readTextFile(`${work}/refused/${name}/summary.json`)).phases;
    assert.ok(phase.answered > 0 && phase.overloaded === phase.answered, "the plugin refused every shake");
  },

  async "says what is wrong when the file is cut off"({ start, file, folder }) {
    const bytes = await Deno.readFile(file);
    await Deno.writeFile(`${folder}/cut`, bytes.subarray(0, bytes.length / 2), { mode: 0o755 });
    const { code, err } = await start(["version"], { REDPKT_CACHE: `${folder}/other` }, `${folder}/cut`);
    assert.equal(code, 2);
    assert.match(err, /cannot be unpacked .* incomplete/);
  },

  async "says what is missing when it can't be unpacked here"({ file, folder }) {
    await Deno.mkdir(`${folder}/bin`);
    const env = { PATH: `${folder}/bin`, REDPKT_CACHE: `${folder}/other` };
    const { code, err } = await output("/bin/sh", [file, "version"], { clearEnv: true, env });
    assert.equal(code, 2);
    assert.match(err, /compressed with gzip, which is not installed here/);
  },
};

const reason = await whyNot();
if (reason !== undefined) console.log(`packed program: not tested: ${reason}`);

Deno.test({ name: "the packed program", ignore: reason !== undefined }, async (t) => {
  const world = await makeWorld();
  try {
    for (const [name, step] of Object.entries(STEPS)) {
      if (!await t.step(name, () => step(world))) break;
    }
  } finally {
    await Deno.remove(world.folder, { recursive: true });
  }
});
