import assert from "node:assert/strict";
import {
  parseCpuTimes,
  parsePressureMs,
  parseProcessTimes,
  parseTcpCounts,
  parseWaitMs,
} from "./kernel_counts.ts";
import type { MachineReading } from "./machine_reading.ts";
import { averageOf, machineSecond } from "./machine_second.ts";

Deno.test("the kernel's files are read, and texts that aren't theirs are not", () => {
  assert.deepEqual(parseCpuTimes("cpu  100 2 30 1000 5 1 4 7 0 0\ncpu0 1 2\n"), {
    programsMs: 1320,
    interruptsMs: 50,
    idleMs: 10_050,
    stealMs: 70,
  });
  assert.equal(parseCpuTimes("nothing"), undefined);
  const fields = "S 2 1 1 0 -1 4194304 1 2 3 4 250 50 0 0 20 0 11 0 12345";
  assert.deepEqual(parseProcessTimes(`71 (a) (b c) ${fields}`), { name: "a) (b c", parent: 2, cpuMs: 3000 });
  assert.equal(parseProcessTimes("71 (x"), undefined);
  assert.equal(parseWaitMs("234710823 396722 11\n"), 0.396722);
  assert.equal(parseWaitMs(""), undefined);
  assert.equal(
    parsePressureMs("some avg10=0.00 avg60=0.24 avg300=4.94 total=78487181\nfull avg10=0 total=1\n"),
    78_487.181,
  );
  assert.equal(parsePressureMs(""), undefined);
});

Deno.test("segments are read by their names, since kernels differ in which there are", () => {
  const snmp = "Ip: Forwarding\nIp: 1\nTcp: RtoMin OutSegs RetransSegs InErrs\nTcp: 200 5000 17 0\n";
  const netstat = "TcpExt: SyncookiesSent ListenDrops TCPBacklogDrop\nTcpExt: 9 3 4\nIpExt: X\nIpExt: 1\n";
  assert.deepEqual(parseTcpCounts(snmp, netstat), { segmentsOut: 5000, retransmits: 17, drops: 7 });
  assert.deepEqual(parseTcpCounts(snmp, ""), { segmentsOut: 5000, retransmits: 17, drops: 0 });
  assert.equal(parseTcpCounts("", netstat), undefined);
});

function reading(
  atMs: number,
  busyMs: number,
  processes: [number, string, number, number][],
): MachineReading {
  return {
    atMs,
    cpu: { programsMs: busyMs, interruptsMs: 0, idleMs: 2 * atMs - busyMs, stealMs: atMs / 10 },
    pressureMs: atMs / 2,
    tcp: { segmentsOut: atMs * 10, retransmits: atMs / 100, drops: 0 },
    processes: new Map(processes.map(([pid, name, parent, cpuMs]) => [pid, { name, parent, cpuMs }])),
    waits: new Map([["1/1", atMs / 4]]),
  };
}

Deno.test("others' time is the machine's less our own and the kernel's threads', who work for us too", () => {
  const before = reading(10_000, 5_000, [[1, "server", 9, 100], [3, "ksoftirqd/0", 2, 50], [
    7,
    "hog",
    1,
    700,
  ]]);
  const after = reading(12_000, 8_200, [
    [1, "server", 9, 1_100],
    [3, "ksoftirqd/0", 2, 250],
    [7, "hog", 1, 2_300],
    [8, "new", 1, 400],
    [9, "idler", 1, 5],
  ]);
  const second = machineSecond(before, after, [1]);
  assert.equal(second.ownCores, 0.5);
  assert.equal(second.othersCores, 1, "3.2 s were spent, 1 s by us, 0.2 s by the kernel");
  assert.deepEqual(second.neighbours, [{ pid: 7, name: "hog", cores: 0.8 }, {
    pid: 8,
    name: "new",
    cores: 0.2,
  }]);
  assert.deepEqual(
    [second.idleCores, second.stealCores, second.waitCores, second.pressurePercent],
    [0.4, 0.1, 0.25, 50],
  );
  assert.deepEqual([second.segmentsOut, second.retransmits, second.drops], [10_000, 10, 0]);
});

Deno.test("what a machine doesn't tell is null, and an average leaves it out", () => {
  const silent: MachineReading = {
    atMs: 0,
    cpu: undefined,
    pressureMs: undefined,
    tcp: undefined,
    processes: new Map(),
    waits: new Map(),
  };
  const unknown = machineSecond(silent, { ...silent, atMs: 1_000 }, [1]);
  const { neighbours, ...values } = unknown;
  assert.deepEqual(new Set(Object.values(values)), new Set([null]));
  assert.deepEqual(neighbours, []);
  const known = { ...unknown, idleCores: 1, neighbours: [{ pid: 7, name: "hog", cores: 0.8 }] };
  const average = averageOf([unknown, known]);
  assert.equal(average.idleCores, 1);
  assert.deepEqual(average.neighbours, [{ pid: 7, name: "hog", cores: 0.4 }]);
});
