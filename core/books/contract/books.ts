import type { BooksEvent } from "./event.ts";
import type { Intake } from "./intake.ts";

/** Where the books are kept. */
export type BooksBackend = "sqlite" | "postgres" | "model";

/** Open books: what many hosts have awarded, and what became of it. Its parts share one connection. */
export interface Books {
  readonly backend: BooksBackend;
  /** For people: the address without any password. */
  readonly place: string;
  readonly event: BooksEvent;
  readonly intake: Intake;
  close(): Promise<void>;
}
