import type { Feature, Harness, PairOptions } from "./engine_harness.ts";

/** One sentence of the contract, and the proof. */
export interface Case {
  readonly name: string;
  readonly run: (harness: Harness) => Promise<void>;
  readonly pair?: PairOptions;
  readonly needs?: Feature | readonly Feature[];
  /** Changes something that the whole process shares. */
  readonly isAlone?: boolean;
}
