import { Verdict } from "../record/entry.ts";
import { say } from "../record/judgement.ts";
import { HEAD_WORDS } from "../record/sent_packet.ts";
import type { Registry } from "../registry/registry.ts";
import { type Fields, type Values, viewOf } from "./fields.ts";
import type { Kind } from "./kind.ts";

/** Questions about what users sent. A head is in `HeadWord`s, 0 if there is none; other words are read from a place on. */
export const queryKinds = {
  /** The head of the user's next open packet before another, or of the newest for 0. */
  openFor: query(12, { user: "user", before: "packetId" }, ({ sends }, { user, before }, reply) => {
    sends.openFor(user, before)?.writeHead(reply);
  }),
  /** The head of the next open packet after another that belongs to a SET of so many. */
  nextOpen: query(
    13,
    { set: "user", setCount: "count", after: "packetId" },
    ({ sends }, { set, setCount, after }, reply) => sends.nextOpen(set, setCount, after)?.writeHead(reply),
  ),
  /** The head of a packet. */
  head: query(14, { packetId: "asked" }, ({ sends }, { packetId }, reply) => {
    copyFrom(sends.words(packetId)?.subarray(0, HEAD_WORDS), 0, reply);
  }),
  /** Words of a packet after its head, as `SentPacket.words`. */
  packetBody: query(15, { id: "asked", from: "askedFrom" }, ({ sends }, { id, from }, reply) => {
    copyFrom(sends.words(id)?.subarray(HEAD_WORDS), from, reply);
  }),
  /** Words of a group: how many members, then who. */
  groupBody: query(16, { id: "asked", from: "askedFrom" }, ({ sends }, { id, from }, reply) => {
    copyFrom(sends.groups.get(id)?.words, from, reply);
  }),
  /** All money of a user in fen: low and high 32 bits. */
  balanceOf: query(17, { user: "user" }, (registry, { user }, reply) => {
    const fen = registry.balanceOf(user);
    reply[0] = fen;
    reply[1] = Math.floor(fen / 0x1_0000_0000);
  }),
  /** The next group after another, and how many members it has. */
  nextGroup: query(18, { after: "packetId" }, ({ sends: { groups } }, { after }, reply) => {
    reply[0] = groups.after(after);
    reply[1] = groups.get(reply[0] >>> 0)?.members.length ?? 0;
  }),
  /** The user's next share after a packet, or the oldest for 0, of which they may not have heard: packet and fen. */
  pendingShare: query(19, { user: "user", after: "packetId" }, ({ sends }, { user, after }, reply) => {
    const share = sends.pending.next(user, after);
    reply[0] = share?.packetId ?? 0;
    reply[1] = share?.amountFen ?? 0;
  }),
};

function query<F extends Fields>(
  number: number,
  fields: F,
  answer: (registry: Registry, asked: Values<F>, reply: Int32Array) => void,
): Kind<F> {
  const view = viewOf(fields);
  return {
    number,
    fields,
    tells: "words",
    judge(registry, entry) {
      entry.reply.fill(0);
      answer(registry, view(entry), entry.reply);
      say(entry, Verdict.done);
    },
  };
}

function copyFrom(words: Uint32Array | undefined, from: number, reply: Int32Array): void {
  if (words === undefined) return;
  for (let i = 0; i < reply.length && from + i < words.length; i++) reply[i] = words[from + i];
}
