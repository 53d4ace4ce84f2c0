import type { Random } from "../../core/base/random.ts";
import { BooksAway } from "../../core/books/contract/books_away.ts";
import type { Block, Cursor, Enrolment, Fence, Intake } from "../../core/books/contract/intake.ts";

/** The part of an intake that an uplink uses, with calls that fail before or after they are done. */
export class FlakyIntake implements Pick<Intake, "enrol" | "cursor" | "append" | "heartbeat"> {
  /** How likely a call fails. */
  failing = 0;
  /** Calls that failed. */
  failures = 0;
  readonly #intake: Intake;
  readonly #random: Random;

  constructor(intake: Intake, random: Random) {
    this.#intake = intake;
    this.#random = random;
  }

  enrol(enrolment: Enrolment): Promise<Cursor> {
    return this.#call(() => this.#intake.enrol(enrolment));
  }

  cursor(host: number): Promise<Cursor | undefined> {
    return this.#call(() => this.#intake.cursor(host));
  }

  append(block: Block): Promise<boolean> {
    return this.#call(() => this.#intake.append(block));
  }

  heartbeat(fence: Fence, caughtUpMs: number): Promise<boolean> {
    return this.#call(() => this.#intake.heartbeat(fence, caughtUpMs));
  }

  /** A call is under way for some turns, and others come in between. */
  async #call<T>(run: () => Promise<T>): Promise<T> {
    const fails = this.#random.float() < this.failing;
    const isDone = !fails || this.#random.below(2) === 0;
    await this.#travel();
    const result = isDone ? await run() : undefined;
    await this.#travel();
    if (!fails) return result as T;
    this.failures++;
    throw new BooksAway(isDone ? "the reply is lost" : "nobody is there");
  }

  async #travel(): Promise<void> {
    for (let turns = this.#random.below(4); turns > 0; turns--) await Promise.resolve();
  }
}
