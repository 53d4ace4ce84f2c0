import type { Audits } from "./audits.ts";
import type { BooksEvent } from "./event.ts";
import type { Holds } from "./holds.ts";
import type { Intake } from "./intake.ts";
import type { Payments } from "./payments.ts";
import type { Settlement } from "./settlement.ts";
import type { Statements } from "./statements.ts";

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
  readonly statements: Statements;
  readonly audits: Audits;
  close(): Promise<void>;
}
