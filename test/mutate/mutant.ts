/** One change of one place in the source. */
export interface Mutant {
  /** Its number in this run; others get others when the source changes. */
  readonly id: number;
  /** Path in the tree. */
  readonly file: string;
  readonly line: number;
  /** What kind of change, for the table. */
  readonly kind: MutantKind;
  /** The source and what stands there instead. */
  readonly before: string;
  readonly after: string;
}

export type MutantKind =
  | "condition"
  | "boundary"
  | "equality"
  | "arithmetic"
  | "logic"
  | "literal"
  | "call"
  | "statement";

/** What became of a mutant. */
export interface Judged {
  readonly mutant: Mutant;
  /** `unreached`: no test comes by. `stuck`: it ran on and on, so the tests notice it as they would notice a failure. */
  readonly outcome: "killed" | "stuck" | "survived" | "unreached";
  /** The test that failed. */
  readonly by?: string | undefined;
}

/** Names a mutant as long as its file doesn't change, so that a run can go on where another was ended. */
export function keyOf({ file, line, kind, before, after }: Mutant, place: number): string {
  return JSON.stringify([file, line, kind, before, after, place]);
}
