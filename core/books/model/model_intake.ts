// deno-lint-ignore-file require-await -- the contract is asynchronous
import { ROW_FIELDS } from "../../ledger/record/entry_rows.ts";
import { otherNumber } from "../contract/enrolment.ts";
import type {
  Block,
  Cursor,
  Enrolment,
  Fence,
  Intake,
  OpeningQueue,
  RowNumbers,
  SeedClaim,
  SeedHolder,
} from "../contract/intake.ts";
import { type Opening, openingsOf } from "../contract/openings.ts";
import type { ModelState } from "./model_state.ts";

/** `Intake` as it must be, in the fewest lines. */
export class ModelIntake implements Intake {
  readonly #get: () => ModelState;

  /** @param get what the books hold now */
  constructor(get: () => ModelState) {
    this.#get = get;
  }

  async enrol({ host, name, ledger, genesisHex }: Enrolment): Promise<Cursor> {
    const { hosts } = this.#get();
    const other = [...hosts.values()].find((cursor) => cursor.ledger === ledger);
    if (!hosts.has(host) && other !== undefined) throw otherNumber(ledger, other.host, host);
    const place = { seq: 0, headHex: genesisHex };
    if (!hosts.has(host)) {
      hosts.set(host, { host, name, ledger, epoch: 1, ...place, caughtUpMs: 0, isRetired: false });
    }
    return hosts.get(host)!;
  }

  async cursor(host: number): Promise<Cursor | undefined> {
    return this.#get().hosts.get(host);
  }

  async append(block: Block): Promise<boolean> {
    const { host, ledger, epochBefore, epochAfter, from, to, rows, bodies } = block;
    const state = this.#get();
    const cursor = this.#fenced({ host, ledger, epoch: epochBefore, ...from });
    if (cursor === undefined) return false;
    const { openings, lastMs } = openingsOf(host, rows, cursor.caughtUpMs);
    const known = state.rows.get(host) ?? [];
    for (let at = 0; at < rows.length; at += ROW_FIELDS) known.push([...rows.subarray(at, at + ROW_FIELDS)]);
    state.rows.set(host, known);
    const words = bodies.map(([seq, words]): [number, Uint32Array] => [seq, words.slice()]);
    state.bodies.set(host, [...state.bodies.get(host) ?? [], ...words]);
    state.openings.push(...openings);
    state.hosts.set(host, { ...cursor, epoch: epochAfter, ...to, caughtUpMs: lastMs });
    return true;
  }

  async heartbeat(fence: Fence, caughtUpMs: number): Promise<boolean> {
    const cursor = this.#fenced(fence);
    if (cursor === undefined) return false;
    const laterMs = Math.max(cursor.caughtUpMs, caughtUpMs);
    this.#get().hosts.set(cursor.host, { ...cursor, caughtUpMs: laterMs });
    return true;
  }

  async claimSeed(claim: SeedClaim, wallMs: number): Promise<SeedHolder> {
    const { claims } = this.#get();
    if (!claims.has(claim.hash)) claims.set(claim.hash, { ...claim, claimedMs: wallMs });
    return claims.get(claim.hash)!;
  }

  async retire(host: number, isRetired: boolean): Promise<boolean> {
    const { hosts } = this.#get();
    const cursor = hosts.get(host);
    if (cursor !== undefined) hosts.set(host, { ...cursor, isRetired });
    return cursor !== undefined;
  }

  async hosts(): Promise<Cursor[]> {
    return [...this.#get().hosts.values()].sort((a, b) => a.host - b.host);
  }

  async *rows(host: number): AsyncIterable<RowNumbers> {
    const rows = this.#get().rows.get(host) ?? [];
    if (rows.length > 0) yield Float64Array.from(rows.flat());
  }

  async bodies(host: number): Promise<(readonly [seq: number, words: Uint32Array])[]> {
    return this.#get().bodies.get(host) ?? [];
  }

  async *openings(): AsyncIterable<readonly Opening[]> {
    const { openings } = this.#get();
    if (openings.length > 0) yield [...openings];
  }

  async queue(): Promise<OpeningQueue> {
    const { openings } = this.#get();
    return {
      openings: openings.length,
      fen: openings.reduce((sum, { fen }) => sum + fen, 0),
      oldestS: openings.length === 0 ? undefined : Math.min(...openings.map(({ openedS }) => openedS)),
    };
  }

  #fenced({ host, ledger, epoch, seq, headHex }: Fence): Cursor | undefined {
    const cursor = this.#get().hosts.get(host);
    const isThere = cursor?.ledger === ledger && cursor.epoch === epoch && cursor.seq === seq &&
      cursor.headHex === headHex;
    return isThere ? cursor : undefined;
  }
}
