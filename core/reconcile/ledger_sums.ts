import { accountsOf } from "../ledger/kinds/accounts.ts";
import { EntryKind, kindOf } from "../ledger/kinds/entry_kinds.ts";
import type { AccountName } from "../ledger/kinds/sides.ts";
import { type EntryRows, RowField } from "../ledger/record/entry_rows.ts";
import { MintList } from "../ledger/registry/mint_list.ts";
import type { Differences } from "./differences.ts";

/** Where a ledger's money is, in fen. All but `source` sum to what was put in. */
export interface LedgerAccounts {
  readonly ledger: string;
  /** Whose packet ids its packets have. */
  readonly hostNumber: number;
  readonly sourceFen: number;
  readonly poolFen: number;
  /** Awarded, and not opened. */
  readonly heldFen: number;
  readonly userFen: number;
  readonly returnedFen: number;
  /** In packets that users sent. */
  readonly packetFen: number;
}

/** Follows each fen of one ledger through its accounts. */
export class LedgerSums {
  readonly #ledger: string;
  readonly #differences: Differences;
  readonly #mints = new MintList();
  readonly #fenOf: Record<AccountName, number> = {
    source: 0,
    pool: 0,
    held: 0,
    user: 0,
    packet: 0,
    returned: 0,
  };
  /** By sponsor. */
  readonly #poolFen = new Map<number, number>();
  #seq = 0;
  #packetsMade = 0;

  constructor(ledger: string, differences: Differences) {
    this.#ledger = ledger;
    this.#differences = differences;
  }

  add({ values }: EntryRows, at: number): void {
    const seq = values[at + RowField.seq];
    if (seq !== ++this.#seq) {
      this.#differences.add(`${this.#ledger}: row ${this.#seq} is missing`);
      this.#seq = seq;
    }
    const kind = values[at + RowField.kind];
    const packetId = values[at + RowField.packetId];
    const fen = values[at + RowField.amount];
    const sponsor = values[at + RowField.sponsor];
    if (kindOf(kind)?.legs === undefined) {
      return this.#differences.add(`${this.#ledger}: row ${seq} is of no kind that there is: ${kind}`);
    }
    const [from, to] = accountsOf(values, at);
    this.#move(from, -fen, sponsor);
    this.#move(to, fen, sponsor);
    this.#checkPaid(from, sponsor, seq);
    if (kind === EntryKind.mint) {
      const count = values[at + RowField.count];
      if (packetId < this.#mints.nextId) this.#differences.add(`packet ${packetId}: was made twice`);
      this.#mints.add({ firstId: packetId, count, amountFen: fen, sponsor });
      this.#packetsMade += count;
    } else if (kind === EntryKind.award && this.#mints.sponsorOf(packetId) !== sponsor) {
      this.#differences.add(`packet ${packetId}: no packet of sponsor ${sponsor} with this id was made`);
    }
  }

  #move(account: AccountName, fen: number, sponsor: number): void {
    this.#fenOf[account] += fen;
    if (account === "pool") this.#poolFen.set(sponsor, (this.#poolFen.get(sponsor) ?? 0) + fen);
  }

  /** An account that has paid must have had the money; users are told apart elsewhere. */
  #checkPaid(account: AccountName, sponsor: number, seq: number): void {
    if (account === "pool" && this.#poolFen.get(sponsor)! < 0) {
      this.#differences.add(`${this.#ledger}: the pool of sponsor ${sponsor} is overdrawn at row ${seq}`);
    } else if (account === "held" && this.#fenOf.held < 0) {
      this.#differences.add(`${this.#ledger}: more is opened than was awarded, at row ${seq}`);
    } else if (account === "packet" && this.#fenOf.packet < 0) {
      this.#differences.add(`${this.#ledger}: the sent packets are overdrawn`);
    }
  }

  finish(): { accounts: Omit<LedgerAccounts, "hostNumber">; packetsMade: number } {
    const { source, pool, held, user, packet, returned } = this.#fenOf;
    return {
      accounts: {
        ledger: this.#ledger,
        sourceFen: source,
        poolFen: pool,
        heldFen: held,
        userFen: user,
        returnedFen: returned,
        packetFen: packet,
      },
      packetsMade: this.#packetsMade,
    };
  }
}
