import { Buffer } from "node:buffer";
import {
  CHECKPOINT_FILE,
  CheckpointBroken,
  type CheckpointHead,
  CheckpointReader,
  type KeptOrder,
} from "../../ledger/checkpoint/checkpoint.ts";
import type { Judge } from "../../ledger/judge/judge.ts";
import type { Mint } from "../../ledger/registry/mint_list.ts";
import { CHUNK_PACKETS, PacketChunk } from "../../ledger/registry/packets.ts";
import type { Problems } from "./problems.ts";
import { PENDING_WORDS, pendingAt, sendsWords } from "../../ledger/checkpoint/sends_state.ts";

/** Columns of a chunk. */
const COLUMNS = ["user", "amount", "sponsor", "state"] as const;

/** Compares a checkpoint, of whatever age, with what the rows come to at its row: every number in it. */
export class CheckpointCheck {
  readonly #reader: CheckpointReader | undefined;
  readonly #problems: Problems;

  /** Opens the checkpoint, so that it stays the same one. */
  constructor(directory: string, problems: Problems) {
    this.#problems = problems;
    this.#reader = this.#try(() => CheckpointReader.open(`${directory}/${CHECKPOINT_FILE}`));
  }

  /** What it says besides columns; undefined if there is none that can be read. */
  get head(): CheckpointHead | undefined {
    return this.#reader?.head;
  }

  /** @param judge of exactly the rows and marks that the checkpoint has, if `seq` is its last row */
  compare(judge: Judge, seq: number): void {
    const reader = this.#reader;
    if (reader === undefined) return;
    if (reader.head.seq !== seq) {
      return this.#add("row", `has row ${reader.head.seq}, and the ledger ends with row ${seq}`);
    }
    this.#try(() => {
      const { mints, orders, givenBack, largeAmountsFen } = reader.head;
      this.#compareList("mint", mints, [...judge.mints.all()].map(mintNumbers));
      this.#compareList("order", orders.map(orderValues), [...judge.orders.all].map(orderValues));
      this.#compareList("returned", givenBack.map(Object.values), judge.givenBack.map(Object.values));
      this.#compareList(
        "large amount",
        [...largeAmountsFen].sort(byPacket),
        [...judge.packets.largeAmountsFen].sort(byPacket),
      );
      const { carried, sends } = reader.readState();
      this.#compareCarried(carried, judge.carried.words());
      this.#compareSends(judge, sends);
      this.#compareChunks(judge, reader);
    });
  }

  close(): void {
    this.#reader?.close();
  }

  #compareList(
    what: string,
    found: readonly (readonly unknown[])[],
    expected: readonly (readonly unknown[])[],
  ): void {
    for (let i = 0; i < Math.max(found.length, expected.length); i++) {
      const [is, must] = [found[i]?.join(), expected[i]?.join()];
      if (is !== must) {
        this.#add(what, `${what} ${i + 1} is ${is ?? "missing"}, by the rows ${must ?? "none"}`);
      }
    }
  }

  #compareCarried(found: Uint32Array, expected: Uint32Array): void {
    const longer = found.length > expected.length ? found : expected;
    const wrong = longer.findIndex((_, i) => found[i] !== expected[i]);
    if (wrong < 0) return;
    const [is, must] = [found[wrong] ?? "missing", expected[wrong] ?? "none"];
    this.#add("carried", `of what users won elsewhere, word ${wrong} is ${is}, by the rows ${must}`);
  }

  #compareSends(judge: Judge, words: Uint32Array): void {
    const { sends } = judge;
    const expected = sendsWords(sends);
    const end = pendingAt(sends, expected);
    const wrong = expected.subarray(0, end).findIndex((word, i) => words[i] !== word);
    if (wrong >= 0) {
      return this.#add(
        "sends",
        `of what users sent, word ${wrong} is ${words[wrong]}, by the rows ${expected[wrong]}`,
      );
    }
    const pending = (from: Uint32Array) => {
      const shares = new Set<string>();
      for (let at = end + 1; at < from.length; at += PENDING_WORDS) {
        shares.add(from.subarray(at, at + PENDING_WORDS).join());
      }
      return shares;
    };
    if (words[end] * PENDING_WORDS !== words.length - end - 1) {
      this.#add("sends", `has ${words.length - end - 1} words of ${words[end]} shares to tell again`);
    }
    const found = pending(words);
    for (const share of pending(expected)) {
      if (!found.delete(share)) {
        this.#add("pending", `doesn't know that ${shareText(share)} is to be told again`);
      }
    }
    // It may know more than the rows alone: of a user with very many shares the oldest are forgotten.
    for (const share of found) {
      const [user, packetId, fen] = share.split(",").map(Number);
      const packet = sends.packet(packetId);
      const number = packet?.shareOf.get(user);
      if (number === undefined || packet!.fields.shares[number] !== fen) {
        this.#add("pending", `would tell of ${shareText(share)}, which is none`);
      }
    }
  }

  #compareChunks(judge: Judge, reader: CheckpointReader): void {
    const chunk = new PacketChunk();
    const nothing = new PacketChunk();
    const left = new Map(judge.packets.chunks);
    for (;;) {
      const number = reader.next(() => chunk.lasting);
      if (number < 0) break;
      this.#compareChunk(number, chunk, left.get(number) ?? nothing);
      left.delete(number);
    }
    for (const [number, expected] of left) this.#compareChunk(number, nothing, expected);
  }

  #compareChunk(number: number, found: PacketChunk, expected: PacketChunk): void {
    if (Buffer.compare(found.lasting, expected.lasting) === 0) return;
    for (let i = 0; i < CHUNK_PACKETS; i++) {
      for (const column of COLUMNS) {
        if (found[column][i] === expected[column][i]) continue;
        const packetId = number * CHUNK_PACKETS + i;
        this.#add(
          "packet",
          `of packet ${packetId} the ${column} is ${found[column][i]}, by the rows ${expected[column][i]}`,
        );
      }
    }
  }

  #try<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof CheckpointBroken)) throw error;
      this.#add("damage", `is of no use: ${error.message}`);
      return undefined;
    }
  }

  #add(kind: string, line: string): void {
    this.#problems.add(`${CHECKPOINT_FILE} ${kind}`, `${CHECKPOINT_FILE}: ${line}`);
  }
}

function mintNumbers({ firstId, count, amountFen, sponsor, order }: Mint): number[] {
  return [firstId, count, amountFen, sponsor, order ?? 0];
}

function orderValues({ number, json, isEnded }: KeptOrder): unknown[] {
  return [number, json, isEnded];
}

function byPacket([a]: readonly number[], [b]: readonly number[]): number {
  return a - b;
}

function shareText(share: string): string {
  const [user, packetId, fen] = share.split(",");
  return `user ${user}'s share of packet ${packetId}, ${fen} fen,`;
}
