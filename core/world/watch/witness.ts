import { AwardKind, type SeenAward } from "../../client/state/award_log.ts";
import { EntryKind } from "../../ledger/kinds/entry_kinds.ts";
import { ROW_FIELDS, RowField } from "../../ledger/record/entry_rows.ts";
import type { InvariantName } from "./invariant_names.ts";

/** A promise that was broken. */
export interface Violation {
  readonly invariant: InvariantName;
  readonly what: string;
  /** Virtual time. */
  readonly atMs: number;
}

/** An award as a host's disk has it, or has had it. */
export interface DurableAward {
  readonly host: number;
  readonly seq: number;
  readonly user: number;
  readonly sponsor: number;
  readonly fen: number;
  /** Virtual time. */
  readonly atMs: number;
  isOpen: boolean;
  /** The disk that had it is gone, or has lost it. */
  isLost: boolean;
}

/** Most violations that are kept: after the first the rest seldom says more. */
const MAX_VIOLATIONS = 20;

/**
 * Sees everything at once, as nobody in the world can: what became durable, what users were told, who was paid. It
 * notices at once what must never happen, at a cost that doesn't grow with the world.
 */
export class Witness {
  readonly violations: Violation[] = [];
  /** By packet. */
  readonly awards = new Map<number, DurableAward>();
  /** By host, all rows that its disk ever said to have. */
  readonly rows = new Map<number, Float64Array[]>();
  /** By packet: who has heard that they won it. */
  readonly told = new Map<number, number>();
  /** Disks that were lost, with when the books heard of them last. */
  readonly losses: { readonly host: number; readonly booksMs: number }[] = [];
  /** By packet: fen that were paid. */
  readonly paid = new Map<number, number>();
  /** By user: sponsors of what they were paid. */
  readonly #paidTo = new Map<number, number[]>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  broken(invariant: InvariantName, what: string): void {
    if (this.violations.length >= MAX_VIOLATIONS) return;
    this.violations.push({ invariant, what, atMs: this.#nowMs() });
  }

  /** A host's disk has a commit. */
  committed(host: number, rows: Float64Array): void {
    const all = this.rows.get(host) ?? [];
    all.push(rows);
    this.rows.set(host, all);
    for (let at = 0; at < rows.length; at += ROW_FIELDS) {
      const kind = rows[at + RowField.kind];
      if (kind === EntryKind.award) this.#awarded(host, rows, at);
      else if (kind === EntryKind.open) this.#opened(host, rows, at);
    }
  }

  #awarded(host: number, rows: Float64Array, at: number): void {
    const packetId = rows[at + RowField.packetId];
    const known = this.awards.get(packetId);
    const user = rows[at + RowField.user];
    if (known !== undefined) {
      const before = `user ${known.user} at host ${known.host}${known.isLost ? ", whose disk lost it" : ""}`;
      this.broken(
        "once",
        `packet ${packetId} is awarded to user ${user} at host ${host}, and was to ${before}`,
      );
    }
    this.awards.set(packetId, {
      host,
      user,
      seq: rows[at + RowField.seq],
      sponsor: rows[at + RowField.sponsor],
      fen: rows[at + RowField.amount],
      atMs: this.#nowMs(),
      isOpen: false,
      isLost: false,
    });
  }

  #opened(host: number, rows: Float64Array, at: number): void {
    const packetId = rows[at + RowField.packetId];
    const award = this.awards.get(packetId);
    if (award === undefined) {
      this.broken("durable", `host ${host} opens packet ${packetId}, which nobody has`);
    } else if (award.isOpen) this.broken("once", `packet ${packetId} is opened twice`);
    else award.isOpen = true;
  }

  /**
   * A host's rows after one are gone, and the books may have some of them. What a lost disk may cost: awards that became
   * durable after the last call that the books answered, and no other. Users may have heard of those, and their money is
   * in nobody's books.
   *
   * @param booksMs when that call was sent
   */
  lostDisk(host: number, booksMs: number, afterSeq: number): void {
    this.losses.push({ host, booksMs });
    for (const award of this.awards.values()) {
      if (award.host === host && award.seq > afterSeq) award.isLost = true;
    }
  }

  /** A user hears that a packet is theirs, or that it is open. */
  heard({ user, packetId, amountFen: fen, kind }: SeenAward): void {
    const award = this.awards.get(packetId);
    if (award === undefined) {
      return this.broken(
        "durable",
        `user ${user} is told of packet ${packetId}, which no disk has as awarded`,
      );
    }
    if (award.user !== user || award.fen !== fen) {
      this.broken(
        "once",
        `user ${user} is told of packet ${packetId} with ${fen} fen, which is user ${award.user}'s with ${award.fen}`,
      );
    }
    if (kind === AwardKind.open && !award.isOpen) {
      this.broken("durable", `user ${user} is told that packet ${packetId} is open, and no disk says so`);
    }
    this.told.set(packetId, user);
  }

  /** The gateway has paid. */
  pays(packetId: number, user: number, fen: number, limits: { perUser: number; perSponsor: number }): void {
    const award = this.awards.get(packetId);
    if (this.paid.has(packetId)) this.broken("once", `packet ${packetId} is paid twice`);
    this.paid.set(packetId, fen);
    if (award === undefined || award.user !== user || award.fen !== fen) {
      const what = award === undefined
        ? "nobody was awarded it"
        : `user ${award.user} has it with ${award.fen} fen`;
      return this.broken("money", `packet ${packetId} is paid to user ${user} with ${fen} fen, and ${what}`);
    }
    const sponsors = this.#paidTo.get(user) ?? [];
    sponsors.push(award.sponsor);
    this.#paidTo.set(user, sponsors);
    const ofSponsor = sponsors.filter((sponsor) => sponsor === award.sponsor).length;
    if (sponsors.length > limits.perUser || ofSponsor > limits.perSponsor) {
      this.broken(
        "limits",
        `user ${user} is paid ${sponsors.length} packets, ${ofSponsor} of sponsor ${award.sponsor}`,
      );
    }
  }
}
