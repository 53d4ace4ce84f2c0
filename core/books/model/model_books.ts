import type { Books } from "../contract/books.ts";
import type { BooksEvent } from "../contract/event.ts";
import { ModelIntake } from "./model_intake.ts";
import { emptyState, type ModelState } from "./model_state.ts";

/** Books in memory: for the simulator, and to say what real ones must do. */
export class ModelBooks implements Books {
  readonly backend = "model";
  readonly place = "memory";
  readonly event: BooksEvent;
  readonly intake: ModelIntake;
  #state: ModelState;

  constructor(event: BooksEvent) {
    this.event = event;
    this.#state = emptyState(event);
    this.intake = new ModelIntake(() => this.#state);
  }

  /** Remembers what the books hold; the returned function makes them fall back to it. */
  remember(): () => void {
    const state = structuredClone(this.#state);
    return () => {
      this.#state = structuredClone(state);
    };
  }

  async close(): Promise<void> {}
}
