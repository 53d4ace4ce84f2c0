import type { Audits } from "../account/audits.ts";
import type { BooksEvent } from "./event.ts";
import type { Holds } from "../account/holds.ts";
import type { Intake } from "./intake.ts";
import type { Payments } from "../account/payments.ts";
import type { Reissues } from "../account/reissues.ts";
import type { Settlement } from "../account/settlement.ts";
import type { Statements } from "../account/statements.ts";

/** Where the books are kept. */
export type BooksBackend = "sqlite" | "postgres" | "model";

/** Open books: what many hosts have awarded, and what became of it. Its parts share one connection. */
export interface Books {
  readonly backend: BooksBackend;
  /** For people: the address without any password. */
  readonly place: string;
  readonly event: BooksEvent;
  readonly intake: Intake;
  readonly settlement: Settlement;
  readonly payments: Payments;
  readonly holds: Holds;
  readonly reissues: Reissues;
  readonly statements: Statements;
  readonly audits: Audits;
  close(): Promise<void>;
}
