// deno-lint-ignore-file require-await -- the contract is asynchronous
import type { StatementSync } from "node:sqlite";
import { AwardState, QUEUE_STATES } from "../account/award_state.ts";
import {
  type ClaimedPayment,
  mayFinish,
  type PaymentQueue,
  type PaymentResult,
  type Payments,
} from "../account/payments.ts";
import type { SqliteFile } from "./sqlite_file.ts";

const QUEUED = `state in (${QUEUE_STATES.join(", ")})`;

/** `Payments` in SQLite. */
export class SqlitePayments implements Payments {
  readonly #file: SqliteFile;
  readonly #selectDue: StatementSync;
  readonly #claim: StatementSync;
  readonly #select: StatementSync;
  readonly #finish: StatementSync;

  constructor(file: SqliteFile) {
    this.#file = file;
    const { db } = file;
    this.#selectDue = db.prepare(
      `select packet, user, fen, state, claims from award where ${QUEUED} and due_ms <= ? order by due_ms, packet limit ?`,
    );
    this.#claim = db.prepare(
      "update award set state = ?, due_ms = ?, claims = claims + 1, has_doubt = has_doubt or ? where packet = ?",
    );
    this.#select = db.prepare("select state, claims from award where packet = ?");
    this.#finish = db.prepare(
      "update award set state = ?, due_ms = ?, reason = ?, has_doubt = has_doubt or ? where packet = ?",
    );
  }

  async claim(wallMs: number, leaseMs: number, most: number): Promise<ClaimedPayment[]> {
    return this.#file.write(() =>
      this.#selectDue.all(wallMs, most).map((row) => {
        const { packet, user, fen, state, claims } = row as Record<string, number>;
        const isUnknown = state !== AwardState.queued;
        const next = isUnknown ? AwardState.unknown : AwardState.sending;
        this.#claim.run(next, wallMs + leaseMs, isUnknown ? 1 : 0, packet);
        return { packetId: packet, user, amountFen: fen, claim: claims + 1, isUnknown };
      })
    );
  }

  async finish(results: readonly PaymentResult[]): Promise<number[]> {
    return this.#file.write(() => {
      const contradictions: number[] = [];
      for (const { packetId, claim, state, dueMs, reason } of results) {
        const row = this.#select.get(packetId) as { state: number; claims: number } | undefined;
        const may = row === undefined ? "contradicts" : mayFinish(row.state, row.claims, state, claim);
        if (may === "contradicts") contradictions.push(packetId);
        if (may !== "yes") continue;
        this.#finish.run(state, dueMs, reason, state === AwardState.unknown ? 1 : 0, packetId);
      }
      return contradictions;
    });
  }

  async queue(): Promise<PaymentQueue> {
    return this.#file.read((db) => {
      const count = (state: AwardState) => `count(*) filter (where state = ${state})`;
      const row = db.prepare(
        `select ${count(AwardState.queued)} as queued, ${count(AwardState.sending)} as sending,
           ${count(AwardState.unknown)} as unknown, coalesce(sum(fen), 0) as fen, min(due_ms) as due
         from award where ${QUEUED}`,
      ).get() as Record<string, number | null>;
      return {
        queued: row.queued!,
        sending: row.sending!,
        unknown: row.unknown!,
        fen: row.fen!,
        nextDueMs: row.due ?? undefined,
      };
    });
  }
}
