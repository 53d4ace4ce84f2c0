import { AwardState, awardStateName, RETURNED_STATES } from "../books/account/award_state.ts";
import type { Books } from "../books/contract/books.ts";
import type { OnStage } from "../cli/progress.ts";
import { SortedBlocks } from "../ledger/record/sorted_blocks.ts";
import type { Differences } from "./differences.ts";
import { readGatewayStatement } from "./gateway_statement.ts";

/** Words of a record: packet, what it is, user, fen low and high. */
const RECORD_WORDS = 5;
/** What a record is: below this the state of an award in the books, else what the gateway says. */
const GATEWAY = 100;
const GATEWAY_PAID = GATEWAY + 1;
const STRIDE = 65_536;
const MOST_ID = 0xffff_ffff;

/** What the comparison came to. */
export interface PaymentCounts {
  /** Payments that books and gateway agree on, and their sum. */
  paid: number;
  paidFen: number;
  /** Lines of the statement that are about other events. */
  others: number;
}

interface Said {
  what: number;
  user: number;
  fen: number;
}

/** Compares what the books have paid with what the gateway says that it paid, packet by packet. */
export async function matchPayments(
  books: Books,
  path: string,
  differences: Differences,
  onStage: OnStage,
): Promise<PaymentCounts> {
  const records = new SortedBlocks(RECORD_WORDS);
  const counts: PaymentCounts = { paid: 0, paidFen: 0, others: 0 };
  function add(packetId: number, what: number, user: number, fen: number): void {
    const at = records.next();
    records.words.set([packetId, what, user, fen >>> 0, Math.floor(fen / 0x1_0000_0000)], at);
  }
  try {
    for await (const awards of books.statements.awards()) {
      for (const { packetId, state, user, fen } of awards) add(packetId, state, user, fen);
      onStage("awards in the books", awards.length, 0, "awards");
    }
    const prefix = `${books.event.event}/`;
    readGatewayStatement(path, ({ key, user, amountFen, isPaid }) => {
      if (!key.startsWith(prefix)) counts.others++;
      else {
        const packet = key.slice(prefix.length);
        const packetId = /^[1-9]\d{0,9}$/.test(packet) ? Number(packet) : Infinity;
        if (packetId > MOST_ID) {
          differences.add(`${key}: the gateway paid it, and no packet can have this key`);
        } else add(packetId, isPaid ? GATEWAY_PAID : GATEWAY, user, amountFen);
      }
    }, onStage);
    const matcher = new PaymentMatcher(prefix, differences, counts);
    const all = records.size;
    let matched = 0;
    records.merge((words, at) => {
      matcher.add(words, at);
      if (++matched % STRIDE === 0) onStage("books against the gateway", STRIDE, all, "records");
    });
    matcher.finish();
  } finally {
    records.close();
  }
  return counts;
}

/** Takes records in the order of their packets. */
class PaymentMatcher {
  readonly #prefix: string;
  readonly #differences: Differences;
  readonly #counts: PaymentCounts;
  #packetId = -1;
  readonly #books: Said[] = [];
  readonly #gateway: Said[] = [];

  constructor(prefix: string, differences: Differences, counts: PaymentCounts) {
    this.#prefix = prefix;
    this.#differences = differences;
    this.#counts = counts;
  }

  add(words: Uint32Array, at: number): void {
    if (words[at] !== this.#packetId) this.finish();
    this.#packetId = words[at];
    const what = words[at + 1];
    const fen = words[at + 3] + words[at + 4] * 0x1_0000_0000;
    (what < GATEWAY ? this.#books : this.#gateway).push({ what, user: words[at + 2], fen });
  }

  finish(): void {
    const [award, ...more] = this.#books;
    const [said, ...again] = this.#gateway;
    if (more.length > 0) this.#differ("is in the books twice");
    if (again.length > 0) this.#differ(`is ${this.#gateway.length} times in the gateway's statement`);
    if (award === undefined && said !== undefined) {
      this.#differ("is known to the gateway, and not to the books");
    }
    if (award !== undefined) this.#compare(award, said);
    this.#books.length = this.#gateway.length = 0;
  }

  #compare(award: Said, said: Said | undefined): void {
    const state = awardStateName(award.what);
    if (said === undefined) {
      if (award.what === AwardState.paid) {
        this.#differ("is paid in the books, and the gateway doesn't know it");
      }
      return;
    }
    if (said.user !== award.user || said.fen !== award.fen) {
      const books = `${award.fen} fen to user ${award.user}`;
      return this.#differ(
        `is ${books} in the books, and ${said.fen} fen to user ${said.user} at the gateway`,
      );
    }
    if (said.what === GATEWAY_PAID && award.what === AwardState.paid) {
      this.#counts.paid++;
      this.#counts.paidFen += award.fen;
    } else if (said.what === GATEWAY_PAID) {
      const isReturned = (RETURNED_STATES as readonly number[]).includes(award.what);
      const remedy = isReturned ? "" : ". Let redpkt payout ask, or wait for it";
      this.#differ(`is ${state} in the books, and paid at the gateway${remedy}`);
    } else if (award.what !== AwardState.refused) {
      const isOpen = award.what !== AwardState.paid;
      this.#differ(
        `is ${state} in the books, and refused at the gateway${isOpen ? ". Let redpkt payout ask" : ""}`,
      );
    }
  }

  #differ(words: string): void {
    this.#differences.add(`${this.#prefix}${this.#packetId}: ${words}`);
  }
}
