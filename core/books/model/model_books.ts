import type { Books } from "../contract/books.ts";
import type { BooksEvent } from "../contract/event.ts";
import { ModelAudits } from "./model_audits.ts";
import { ModelHolds } from "./model_holds.ts";
import { ModelIntake } from "./model_intake.ts";
import { ModelPayments } from "./model_payments.ts";
import { ModelReissues } from "./model_reissues.ts";
import { ModelSettlement } from "./model_settlement.ts";
import { ModelStatements } from "./model_statements.ts";
import { emptyState, type ModelState } from "./model_state.ts";

/** Books in memory: for the simulator, and to say what real ones must do. */
export class ModelBooks implements Books {
  readonly backend = "model";
  readonly place = "memory";
  readonly event: BooksEvent;
  readonly intake: ModelIntake;
  readonly settlement: ModelSettlement;
  readonly payments: ModelPayments;
  readonly holds: ModelHolds;
  readonly reissues: ModelReissues;
  readonly statements: ModelStatements;
  readonly audits: ModelAudits;
  #state: ModelState;

  constructor(event: BooksEvent) {
    this.event = event;
    this.#state = emptyState(event);
    const get = () => this.#state;
    this.intake = new ModelIntake(get);
    this.settlement = new ModelSettlement(get);
    this.payments = new ModelPayments(get);
    this.holds = new ModelHolds(get);
    this.reissues = new ModelReissues(get);
    this.statements = new ModelStatements(get);
    this.audits = new ModelAudits(get);
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
