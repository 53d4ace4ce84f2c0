import type { Host } from "../../cli/host.ts";
import { every } from "../../base/clock.ts";
import { type MachineReading, readMachine } from "./machine_reading.ts";
import { type MachineSecond, machineSecond } from "./machine_second.ts";

const SECOND_MS = 1_000;

/** Looks once a second what the machine does besides a rehearsal. */
export class MachineWatch {
  readonly #host: Host;
  readonly #ownPids: () => readonly number[];
  readonly #onSecond: (unixSecond: number, second: MachineSecond) => void;
  readonly #read: typeof readMachine;
  #last: MachineReading;
  #end: () => void;

  /**
   * Begins at once.
   *
   * @param ownPids the processes of the rehearsal, asked each time: one that was killed has another id afterwards
   * @param onSecond told of the second that has just ended
   */
  constructor(
    host: Host,
    ownPids: () => readonly number[],
    onSecond: (unixSecond: number, second: MachineSecond) => void,
    { read = readMachine, repeat = every }: { read?: typeof readMachine; repeat?: typeof every } = {},
  ) {
    this.#host = host;
    this.#ownPids = ownPids;
    this.#onSecond = onSecond;
    this.#read = read;
    this.#last = read(host.clock.monotonicMs(), ownPids());
    this.#end = repeat(SECOND_MS, () => this.#look());
  }

  stop(): void {
    this.#end();
  }

  #look(): void {
    const ownPids = this.#ownPids();
    const now = this.#read(this.#host.clock.monotonicMs(), ownPids);
    const second = machineSecond(this.#last, now, ownPids);
    this.#last = now;
    // Most of it lies in the second before the one that this moment is in.
    this.#onSecond(Math.round(this.#host.clock.wallMs() / SECOND_MS) - 1, second);
  }
}
