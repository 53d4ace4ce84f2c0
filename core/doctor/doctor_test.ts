import assert from "node:assert/strict";
import { UserError } from "../base/user_error.ts";
import type { Host } from "../cli/host.ts";
import { readClockState } from "../os/clock_state.ts";
import { command, diagnose } from "./doctor.ts";
import { examine, verdictOf } from "./examine.ts";
import type { Finding, Need } from "./finding.ts";
import { type HostFacts, parseMemory, readHostFacts } from "./host_facts.ts";
import { command as server } from "../server/server.ts";
import { systemClock } from "../base/clock.ts";
import { whyNotStart } from "./preflight.ts";

/** A host that can do everything. */
const AMPLE: HostFacts = {
  isRoot: false,
  cores: 64,
  descriptors: { soft: 1_024, hard: 12_000_000 },
  descriptorsMost: 20_000_000,
  files: { open: 1_000, most: 50_000_000 },
  epollWatches: 50_000_000,
  portRange: { first: 10_000, last: 65_535 },
  reservedPorts: "",
  addresses: 100,
  backlog: 65_535,
  memory: { totalBytes: 256e9, availableBytes: 250e9 },
  connectionBuckets: 1 << 24,
  tracked: undefined,
  whyNoUring: null,
  clock: { isSynchronised: true, maxErrorUs: 900 },
  mayGoFirst: true,
};

const MILLION: Need = {
  users: 1_000_000,
  roles: ["server"],
  engine: "epoll",
  port: 1_025,
  shakesPerS: 60_000,
};

function finding(name: string, facts: Partial<HostFacts>, need: Partial<Need> = {}): Finding {
  const found = examine({ ...AMPLE, ...facts }, { ...MILLION, ...need }).find((one) => one.name === name);
  assert.ok(found, `${name} is checked`);
  return found;
}

Deno.test("a host that has everything is fine for every role and engine", () => {
  for (const engine of ["uring", "epoll", "deno"] as const) {
    for (const roles of [["server"], ["client"], ["server", "client"]] as const) {
      const findings = examine(AMPLE, { ...MILLION, engine, roles });
      assert.deepEqual(findings.filter(({ state }) => state !== "ok"), []);
    }
  }
});

Deno.test("who doesn't ask to run first isn't warned that they may not", () => {
  assert.equal(finding("priority", { mayGoFirst: false }).state, "ok");
  assert.equal(finding("priority", { mayGoFirst: false }, { priority: "normal" }).state, "ok");
});

Deno.test("a host that tells nothing is not refused", () => {
  const mute: HostFacts = { isRoot: false, cores: 4, addresses: 0, whyNoUring: "this is darwin, not Linux" };
  const findings = examine(mute, { ...MILLION, users: 1_000, engine: "deno", shakesPerS: 1_000 });
  assert.equal(verdictOf(findings), "warning"); // of io_uring alone
  assert.ok(findings.some(({ state }) => state === "unknown"));
});

/** What must be said of a host that lacks one thing: name, facts, need, state, and a remedy among those that are given. */
const LACKS: [string, Partial<HostFacts>, Partial<Need>, Finding["state"], string][] = [
  ["descriptors", { descriptors: { soft: 1_024, hard: 20_000 } }, {}, "impossible", "ulimit -n 1000200"],
  [
    "descriptors",
    { descriptors: { soft: 1_024, hard: 20_000 }, descriptorsMost: 100_000 },
    {},
    "impossible",
    "sysctl -w fs.nr_open=1000200",
  ],
  [
    "descriptors",
    { descriptors: { soft: 20_000, hard: 20_000 } },
    { engine: "uring" },
    "warning",
    "ulimit -n 1000200",
  ],
  ["fs.file-max", { files: { open: 0, most: 100_000 } }, {}, "impossible", "sysctl -w fs.file-max=1010000"],
  [
    "fs.file-max",
    { files: { open: 0, most: 1 }, isRoot: true },
    {},
    "warning",
    "sysctl -w fs.file-max=1010000",
  ],
  ["epoll watches", { epollWatches: 9 }, {}, "impossible", "sysctl -w fs.epoll.max_user_watches=1000200"],
  [
    "memory",
    { memory: { totalBytes: 2e9, availableBytes: 1e9 } },
    {},
    "impossible",
    "or fewer users: at most 482,051",
  ],
  [
    "memory",
    { memory: { totalBytes: 8e9, availableBytes: 1e9 } },
    {},
    "warning",
    "or fewer users: at most 2,020,512",
  ],
  [
    "ports",
    { portRange: { first: 32_768, last: 60_999 }, addresses: 1 },
    { roles: ["client"] },
    "warning",
    'sysctl -w net.ipv4.ip_local_port_range="1024 65535"',
  ],
  [
    "ports",
    {},
    { roles: ["client"], pairs: 2 },
    "warning",
    'sysctl -w net.ipv4.ip_local_port_range="1024 65535"',
  ],
  [
    "server port",
    { reservedPorts: "9000" },
    { port: 12_345 },
    "warning",
    "sysctl -w net.ipv4.ip_local_reserved_ports=9000,12345",
  ],
  ["backlog", { backlog: 128 }, { users: 20_000 }, "warning", "sysctl -w net.core.somaxconn=4096"],
  ["backlog", { backlog: 4_096 }, { users: 200_000 }, "warning", "sysctl -w net.core.somaxconn=20000"],
  ["backlog", { backlog: 4_096 }, {}, "warning", "sysctl -w net.core.somaxconn=65535"],
  [
    "connection table",
    { connectionBuckets: 1 << 18 },
    { roles: ["server", "client"] },
    "warning",
    "thash_entries=4194304 on the kernel's command line, and a restart",
  ],
  [
    "firewall's table",
    { tracked: { now: 50, most: 65_536 } },
    {},
    "warning",
    "sysctl -w net.netfilter.nf_conntrack_max=1000050",
  ],
  [
    "io_uring",
    { whyNoUring: "the kernel refuses io_uring (EPERM): kernel.io_uring_disabled is set" },
    {},
    "warning",
    "sysctl -w kernel.io_uring_disabled=0",
  ],
  [
    "clock",
    { clock: { isSynchronised: false, maxErrorUs: 16e6 } },
    {},
    "warning",
    "timedatectl set-ntp true",
  ],
  ["cores", { cores: 1 }, { shakesPerS: 200_000 }, "warning", "or fewer: 80,000 shakes/s"],
  ["priority", { mayGoFirst: false }, { priority: "first" }, "warning", "ulimit -r 1"],
];

for (const [name, facts, need, state, remedy] of LACKS) {
  Deno.test(`what a host lacks is said with what to do: ${name}, ${state}: ${remedy}`, () => {
    const found = finding(name, facts, need);
    assert.equal(found.state, state);
    assert.ok(found.why);
    assert.ok(found.remedy?.includes(remedy), found.remedy?.join("\n"));
  });
}

Deno.test("a port in a reserved range is nobody else's", () => {
  assert.equal(finding("server port", { reservedPorts: "80,12000-13000" }, { port: 12_345 }).state, "ok");
});

Deno.test("a firewall's table that nothing uses is left out", () => {
  const findings = examine({ ...AMPLE, tracked: { now: 0, most: 1_000 } }, MILLION);
  assert.ok(findings.every(({ name }) => name !== "firewall's table"));
});

Deno.test("before a start: what is impossible is a problem, what matters is logged, the rest is for the doctor", () => {
  const logged: unknown[] = [];
  const facts: HostFacts = {
    ...AMPLE,
    descriptors: { soft: 1_024, hard: 5_000 },
    memory: { totalBytes: 8e9, availableBytes: 1e9 },
    clock: { isSynchronised: false, maxErrorUs: 16e6 },
  };
  const problems = whyNotStart(MILLION, (_level, _event, fields) => logged.push(fields?.check), facts);
  assert.deepEqual(problems, [
    "descriptors: 1,000,200 needed, and there are 1,024, may be 5,000: a connection needs a descriptor on engine epoll; " +
    "with uring it would need none. Do: ulimit -n 1000200; or in a systemd unit: LimitNOFILE=1000200",
  ]);
  assert.deepEqual(logged, ["memory"]);
});

function fakeHost(): { host: Host; output: () => string } {
  let output = "";
  const host = { out: (text: string) => output += text, env: () => undefined };
  return { host: host as unknown as Host, output: () => output };
}

const OPTIONS = {
  users: 1_000_000,
  role: "server",
  engine: "deno",
  port: 1_025,
  shakes: 0,
  priority: "normal",
  json: false,
} as const;

Deno.test("the exit code tells the verdict, and the table what to do", () => {
  const codes = [
    AMPLE,
    { ...AMPLE, backlog: 100 },
    { ...AMPLE, descriptors: { soft: 100, hard: 100 } },
  ].map((facts) => diagnose(fakeHost().host, OPTIONS, facts));
  assert.deepEqual(codes, [0, 3, 2]);
  const { host, output } = fakeHost();
  diagnose(host, OPTIONS, { ...AMPLE, backlog: 100 });
  assert.match(output(), /warn {2}backlog +100 +65,535\n/);
  assert.match(
    output(),
    /not as well as it could:\n\n {2}warn {2}backlog: when many .*\n {8}sysctl -w net.core.somaxconn=65535/,
  );
});

Deno.test("JSON holds the verdict, the findings and the facts", async () => {
  const { host, output } = fakeHost();
  const code = await command.run(host, ["--json", "--users", "10", "--shakes", "1", "--engine", "deno"]);
  const { verdict, findings, facts } = JSON.parse(output());
  assert.equal(code, { ok: 0, warning: 3, impossible: 2 }[verdict as string]);
  assert.ok(findings.length > 5);
  assert.equal(facts.cores, navigator.hardwareConcurrency);
});

Deno.test("all mistakes on the command line are told at once", () => {
  const running = command.run(fakeHost().host, ["--users", "0", "--role", "boss"]);
  return assert.rejects(running, (error: unknown) => {
    assert.ok(error instanceof UserError);
    return /--users: .*\n--role: /.test(error.message);
  });
});

const MOST_ASKED = 10_000_000;
Deno.test({
  name: "redpkt server refuses more connections than can be, before it listens",
  ignore: (readHostFacts().descriptors?.hard ?? Infinity) > MOST_ASKED,
  async fn() {
    const host = {
      ...fakeHost().host,
      clock: systemClock,
      err: () => {},
      onStopSignal: () => () => {},
      program: { plugins: {} },
    } as unknown as Host;
    const args = ["--engine", "epoll", "--plugins=", "--max-connections", String(MOST_ASKED)];
    await assert.rejects(server.run(host, args), (error: unknown) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, /^descriptors: 10,000,200 needed.*ulimit -n 10000200/m);
      return error.exitCode === 2;
    });
  },
});

Deno.test("this host is read without an error", () => {
  const facts = readHostFacts();
  assert.ok(facts.cores >= 1);
  const clock = readClockState();
  if (clock !== undefined) assert.ok(clock.maxErrorUs >= 0);
});

Deno.test("memory is read in bytes", () => {
  assert.deepEqual(parseMemory("MemTotal:  100 kB\nHugePages_Total: 0\nMemAvailable: 7 kB\n"), {
    MemTotal: 102_400,
    MemAvailable: 7_168,
  });
});
