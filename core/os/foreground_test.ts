import assert from "node:assert/strict";
import { type Flags, parseFlags } from "../cli/flags.ts";
import { CLIENT_FLAGS } from "../client/main/client_flags.ts";
import { SERVER_FLAGS } from "../server/options.ts";
import { Foreground, type Machine, type Priority } from "./foreground.ts";

/** A machine of two cores whose clocks a test turns. */
class TestMachine implements Machine {
  readonly cores = 2;
  readonly asked: boolean[] = [];
  isAllowed = true;
  tells = true;
  #upS = 1_000;
  #idleS = 1_500;
  #cpuMs = 0;
  #nowMs = 0;

  idle(): ReturnType<Machine["idle"]> {
    return this.tells ? { upS: this.#upS, idleS: this.#idleS } : undefined;
  }

  threadCpuMs(): number {
    return this.#cpuMs;
  }

  goFirst(isFirst: boolean): boolean {
    this.asked.push(isFirst);
    return this.isAllowed;
  }

  /** A second goes by, in which both cores together were idle for so long. */
  second(foreground: Foreground, idleS: number): void {
    this.pass(foreground, 1_000, idleS * 1_000, 0);
  }

  /** Time goes by, in which both cores together were idle, and this thread worked, for so long. */
  pass(foreground: Foreground, ms: number, idleMs: number, cpuMs: number): void {
    this.#upS += ms / 1_000;
    this.#idleS += idleMs / 1_000;
    this.#cpuMs += cpuMs;
    this.#nowMs += ms;
    foreground.look(this.#nowMs);
  }
}

function on(machine: TestMachine, priority: Priority = "first"): Foreground {
  const foreground = new Foreground(priority, machine);
  machine.second(foreground, 2);
  return foreground;
}

Deno.test("a thread goes first while a fifth of the cores is idle, and steps back below a tenth", () => {
  const machine = new TestMachine();
  const foreground = on(machine);
  assert.equal(foreground.isFirst, false, "one reading says nothing");
  const seconds = [[0.39, false], [0.41, true], [0.21, true], [0.19, false], [0.39, false]] as const;
  for (const [idleS, isFirst] of seconds) {
    machine.second(foreground, idleS);
    assert.equal(foreground.isFirst, isFirst, `${idleS} s of 2 idle`);
  }
  assert.deepEqual(machine.asked, [true, false], "the kernel is only told of changes");
});

Deno.test("between two looks nothing is read", () => {
  const machine = new TestMachine();
  const foreground = new Foreground("first", machine);
  let readings = 0;
  machine.idle = () => void readings++ as undefined;
  for (let nowMs = 1_000; nowMs < 2_000; nowMs++) foreground.look(nowMs);
  assert.equal(readings, 4);
});

Deno.test("a thread that takes nearly all of its core steps back at once, and waits until it takes less", () => {
  const machine = new TestMachine();
  const foreground = on(machine);
  machine.second(foreground, 2);
  machine.pass(foreground, 20, 20, 17);
  assert.equal(foreground.isFirst, true);
  for (let i = 0; i < 20; i++) {
    machine.pass(foreground, 20, 20, 19);
    assert.equal(foreground.isFirst, false);
  }
  machine.pass(foreground, 20, 20, 10);
  assert.equal(foreground.isFirst, false, "not at once");
  for (let i = 0; i < 20; i++) machine.pass(foreground, 20, 20, 10);
  assert.equal(foreground.isFirst, true);
});

Deno.test("a thread that may not go first asks once", () => {
  const machine = new TestMachine();
  machine.isAllowed = false;
  const foreground = on(machine);
  for (let second = 0; second < 5; second++) machine.second(foreground, 2);
  assert.equal(foreground.isFirst, false);
  assert.deepEqual(machine.asked, [true]);
});

Deno.test("neither server nor fleet asks for it unless it is told to, also as root", () => {
  for (const flags of [SERVER_FLAGS, CLIENT_FLAGS]) {
    assert.equal(parseFlags<Flags>([], { priority: flags.priority }).values.priority, "normal");
  }
});

Deno.test("with normal priority it never asks", () => {
  const machine = new TestMachine();
  const foreground = on(machine, "normal");
  for (let second = 0; second < 5; second++) machine.second(foreground, 2);
  assert.deepEqual(machine.asked, []);
});

Deno.test("on a machine that doesn't tell it steps back", () => {
  const machine = new TestMachine();
  const foreground = on(machine);
  machine.second(foreground, 2);
  assert.equal(foreground.isFirst, true);
  machine.tells = false;
  machine.second(foreground, 2);
  assert.equal(foreground.isFirst, false);
});
