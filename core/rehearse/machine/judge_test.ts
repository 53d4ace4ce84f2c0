import assert from "node:assert/strict";
import { check } from "../../report/data/check.ts";
import { type JudgedSecond, judgeMachine } from "./judge.ts";
import type { MachineSecond } from "./machine_second.ts";

const KIND = { cores: 2, memoryNs: 150 };
/** A quiet machine of two cores. */
const QUIET: MachineSecond = {
  idleCores: 1.2,
  ownCores: 0.7,
  othersCores: 0.03,
  stealCores: 0,
  waitCores: 0.02,
  pressurePercent: 3,
  segmentsOut: 120_000,
  retransmits: 0,
  drops: 0,
  neighbours: [],
};
const P99 = check({ measure: "p99Ms", phase: "p", unit: "ms" }, 480, { atMost: 50 });

function second(machine: Partial<MachineSecond>, p50Ms: number, p99Ms: number): JudgedSecond {
  return { p50Us: p50Ms * 1000, p99Us: p99Ms * 1000, notSent: 0, machine: { ...QUIET, ...machine } };
}

/** Twenty seconds: good ones on a quiet machine, and in the middle bad ones. */
function series(bad: Partial<MachineSecond>, p50Ms = 1, p99Ms = 480): JudgedSecond[] {
  return Array.from(
    { length: 20 },
    (_, i) => i >= 8 && i < 12 ? second(bad, p50Ms, p99Ms) : second({}, 1, 3),
  );
}

function judge(seconds: readonly JudgedSecond[], kind = KIND, checks = [P99]) {
  return judgeMachine("p", checks, seconds, kind).map(({ kind, seen, unit, text }) => ({
    kind,
    seen,
    unit,
    text,
  }));
}

const HOG = {
  idleCores: 0.05,
  othersCores: 0.85,
  neighbours: [{ pid: 71, name: "sha256sum", cores: 0.84 }],
};

Deno.test("a busy neighbour is named, with what it took in the bad seconds alone", () => {
  assert.deepEqual(judge(series(HOG)), [{
    kind: "neighbour",
    seen: 85,
    unit: "percentOfACore",
    text: "another process took 85 % of a core, sha256sum (pid 71) 84 %, while p99Ms was over 50 ms",
  }]);
});

Deno.test("several neighbours are named together; nobody is where none can be seen", () => {
  const neighbours = [{ pid: 1, name: "a", cores: 0.6 }, { pid: 2, name: "b", cores: 0.5 }];
  const [several] = judge(series({ ...HOG, othersCores: 1.2, neighbours }));
  assert.match(
    several.text,
    /^other processes took 120 % of a core, a \(pid 1\) 60 %, b \(pid 2\) 50 %, while/,
  );
  const [unseen] = judge(series({ ...HOG, neighbours: [] }));
  assert.match(unseen.text, /^other processes took 85 % of a core while/);
});

Deno.test("a neighbour on cores that we don't need is no excuse", () => {
  const causes = judge(series({ ...HOG, idleCores: 12 }), { cores: 16, memoryNs: 150 });
  assert.deepEqual(causes.map(({ kind }) => kind), ["none"]);
});

Deno.test("a neighbour that was there only while all was well is no excuse", () => {
  const seconds = series({}).map((each, i) => i < 8 ? second(HOG, 1, 3) : each);
  assert.deepEqual(judge(seconds).map(({ kind }) => kind), ["none"]);
});

Deno.test("a core that the host of the machine takes is named, however idle the rest is", () => {
  const [cause, ...others] = judge(series({ stealCores: 0.4, idleCores: 0.9 }));
  assert.equal(others.length, 0);
  assert.equal(cause.text, "the host of this virtual machine took 40 % of a core while p99Ms was over 50 ms");
  assert.deepEqual(judge(series({ stealCores: 0.05 })).map(({ kind }) => kind), ["none"], "2.5 % is common");
});

Deno.test("one per cent of loss is told from a slow server: single answers are late, and half are not", () => {
  const [cause, ...others] = judge(series({ retransmits: 1_200 }));
  assert.equal(others.length, 0);
  assert.deepEqual([cause.kind, cause.seen, cause.unit], ["loss", 1, "percentOfSegments"]);
  assert.match(cause.text, /^the network lost 1 % of the segments, .* while p99Ms was over 50 ms$/);
  assert.deepEqual(
    judge(series({ retransmits: 1_200 }, 300)).map(({ kind }) => kind),
    ["none"],
    "half are late",
  );
});

Deno.test("what this machine dropped for want of room was not lost on the way", () => {
  const [cause] = judge(series({ retransmits: 1_200, drops: 1_200 }));
  assert.equal(cause.kind, "none");
  assert.match(cause.text, /1200 segments a second found no room/);
});

Deno.test("slow memory is named where the cores were busy with it", () => {
  const slow = { cores: 2, memoryNs: 352 };
  const [cause, ...others] = judge(series({ idleCores: 0.1, ownCores: 1.7 }), slow);
  assert.equal(others.length, 0);
  assert.deepEqual([cause.kind, cause.seen, cause.unit], ["memory", 352, "ns"]);
  assert.deepEqual(judge(series({}), slow).map(({ kind }) => kind), ["none"], "half of the machine was idle");
});

Deno.test("a really slow server is not excused: neither an idle one, nor one that fills the machine itself", () => {
  const [idle, ...others] = judge(series({}, 300));
  assert.equal(others.length, 0);
  assert.deepEqual([idle.kind, idle.seen, idle.unit], ["none", null, null]);
  assert.match(
    idle.text,
    /^nothing else on this machine took the time while p99Ms was over 50 ms, so redpkt was slow/,
  );
  const [full] = judge(series({ idleCores: 0.02, ownCores: 1.9 }, 300));
  assert.equal(full.kind, "none");
  assert.match(full.text, /^redpkt alone filled this machine .*: redpkt 190 %, other processes 3 %/);
});

Deno.test("what a machine doesn't tell is no excuse either, and is said", () => {
  const silent = Object.fromEntries(Object.keys(QUIET).map((name) => [name, null]));
  const [cause] = judge(series({ ...silent, neighbours: [] } as unknown as MachineSecond));
  assert.equal(cause.kind, "none");
  assert.match(cause.text, /^this machine doesn't tell what else it did/);
});

Deno.test("money that doesn't add up is never the machine's doing, and what held needs no cause", () => {
  const won = check({ measure: "won", phase: "p", unit: "count" }, 0, { atLeast: 1 });
  assert.deepEqual(judge(series(HOG), KIND, [won]), []);
  const met = check({ measure: "p99Ms", phase: "p", unit: "ms" }, 4, { atMost: 50 });
  assert.deepEqual(judge(series(HOG), KIND, [met]), []);
});

Deno.test("shakes that weren't sent are looked for in the seconds in which they weren't", () => {
  const offered = check({ measure: "sentPercent", phase: "p", unit: "percent" }, 94, { atLeast: 99 });
  const seconds = series(HOG, 1, 3).map((each, i) => i >= 8 && i < 12 ? { ...each, notSent: 9_000 } : each);
  const [cause] = judge(seconds, KIND, [offered]);
  assert.match(cause.text, /^another process took 85 % .* while sentPercent was under 99 %$/);
});
