// deno-lint-ignore-file require-await -- the contract is asynchronous
import { AwardState } from "../account/award_state.ts";
import {
  type ActResult,
  type BooksAct,
  covers,
  type Hold,
  type Holds,
  type HoldTarget,
  SENT_STATES,
  STOPPED_STATES,
  withoutOne,
} from "../account/holds.ts";
import type { ModelAward, ModelState } from "./model_state.ts";

/** `Holds` as they must be. */
export class ModelHolds implements Holds {
  readonly #get: () => ModelState;

  constructor(get: () => ModelState) {
    this.#get = get;
  }

  async hold(target: HoldTarget, reason: string, wallMs: number): Promise<ActResult> {
    const { holds } = this.#get();
    const at = holds.findIndex((hold) => isSame(hold, target));
    if (at >= 0) holds.splice(at, 1);
    holds.push({ ...target, reason });
    const changed = this.#of(target, [AwardState.queued]);
    for (const award of changed) this.#set(award, AwardState.held);
    const result = { ...sumsOf(changed), tooLate: this.#of(target, SENT_STATES).length };
    this.#note("hold", target, reason, wallMs, result);
    return result;
  }

  async release(target: HoldTarget, reason: string, wallMs: number): Promise<ActResult | undefined> {
    const { holds } = this.#get();
    const at = holds.findIndex((hold) => isSame(hold, target));
    if (at < 0) return undefined;
    holds.splice(at, 1);
    const changed = this.#of(target, [AwardState.held])
      .filter(({ user, packetId }) => !holds.some((hold) => covers(hold, user, packetId)));
    for (const award of changed) this.#set(award, AwardState.queued);
    const result = { ...sumsOf(changed), tooLate: 0 };
    this.#note("release", target, reason, wallMs, result);
    return result;
  }

  async revoke(first: number, last: number, reason: string, wallMs: number): Promise<ActResult> {
    const { revoked, holders } = this.#get();
    const target: HoldTarget = { kind: "packet", first, last };
    revoked.push({ first, last });
    const changed = this.#of(target, STOPPED_STATES).filter(({ hasDoubt }) => !hasDoubt);
    for (const award of changed) {
      this.#set(award, AwardState.revoked);
      holders.set(award.user, withoutOne(holders.get(award.user) ?? [], award.sponsor));
    }
    const tooLate = this.#of(target, [...SENT_STATES, ...STOPPED_STATES]).length;
    const result = { ...sumsOf(changed), tooLate };
    this.#note("revoke", target, reason, wallMs, result);
    return result;
  }

  async holds(): Promise<Hold[]> {
    return this.#get().holds.toSorted((a, b) =>
      (a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : 0) || a.first - b.first || a.last - b.last
    );
  }

  async journal(): Promise<BooksAct[]> {
    return [...this.#get().acts];
  }

  #of(target: HoldTarget, states: readonly AwardState[]): ModelAward[] {
    return [...this.#get().awards.values()].filter(({ user, packetId, state }) =>
      covers(target, user, packetId) && states.includes(state)
    );
  }

  #set(award: ModelAward, state: AwardState): void {
    this.#get().awards.set(award.packetId, { ...award, state });
  }

  #note(
    act: BooksAct["act"],
    { kind, first, last }: HoldTarget,
    reason: string,
    wallMs: number,
    { awards, fen }: ActResult,
  ): void {
    this.#get().acts.push({ act, kind, first, last, reason, wallMs, awards, fen });
  }
}

function isSame(a: HoldTarget, b: HoldTarget): boolean {
  return a.kind === b.kind && a.first === b.first && a.last === b.last;
}

function sumsOf(awards: readonly ModelAward[]): { awards: number; fen: number } {
  return { awards: awards.length, fen: awards.reduce((sum, { fen }) => sum + fen, 0) };
}
