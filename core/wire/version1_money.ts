/** Version 1 frames about what users send each other: packets, claims, balances and chat. */
import { Opcode1 } from "./codes.ts";
import { writeFixedHeader1, writeHeader1, writeU64 } from "./version1.ts";

/** Offsets of the fields from the start of the frame. Amounts are in fen, times in unix ms. */
export const MoneyField = {
  sendRequestId: 12,
  sendAmount: 16,
  sendShares: 20,
  sendMode: 24,
  /** 0 if users are named. */
  sendGroup: 28,
  sendCount: 32,
  sendUsers: 36,
  sendResult: 16,
  sendPacketId: 20,
  sendRetryMs: 24,
  sendExpiresMs: 28,
  noticePacketId: 12,
  /** 0: the host itself. */
  noticeSender: 16,
  noticeAmount: 20,
  noticeShares: 24,
  noticeMode: 28,
  noticeGroup: 32,
  noticeExpiresMs: 36,
  claimPacketId: 12,
  claimResult: 16,
  claimAmount: 20,
  claimRetryMs: 24,
  detailPacketId: 12,
  /** Detail: the first claim that is wanted, from 0. */
  detailFrom: 16,
  detailResult: 16,
  detailShares: 20,
  detailClaimed: 24,
  /** The user with the largest share, once all are claimed; 0 before. */
  detailLuckiest: 28,
  detailLuckiestAmount: 32,
  detailFirst: 36,
  detailCount: 40,
  /** User and amount of each claim, in the order of claiming. */
  detailClaims: 44,
  balanceResult: 12,
  balanceRetryMs: 16,
  balanceFen: 20,
  expiredPacketId: 12,
  expiredReturned: 16,
  chatRequestId: 12,
  chatGroup: 16,
  chatText: 20,
  chatResult: 16,
  chatRetryMs: 20,
  messageGroup: 12,
  messageSender: 16,
  messageText: 20,
} as const;

/** A packet to users by name, or to a group with no `users`. */
export function writeSend(
  view: DataView,
  at: number,
  unixMs: number,
  requestId: number,
  amountFen: number,
  shares: number,
  mode: number,
  group: number,
  users: ArrayLike<number>,
): number {
  view.setUint32(at + MoneyField.sendRequestId, requestId);
  view.setUint32(at + MoneyField.sendAmount, amountFen);
  view.setUint32(at + MoneyField.sendShares, shares);
  view.setUint32(at + MoneyField.sendMode, mode);
  view.setUint32(at + MoneyField.sendGroup, group);
  view.setUint32(at + MoneyField.sendCount, users.length);
  for (let i = 0; i < users.length; i++) view.setUint32(at + MoneyField.sendUsers + 4 * i, users[i]);
  return writeHeader1(view, at, Opcode1.send, unixMs, MoneyField.sendUsers + 4 * users.length);
}

/** `packetId` and `expiresMs` are 0 unless the result is `ok`. */
export function writeSendResult(
  view: DataView,
  at: number,
  unixMs: number,
  requestId: number,
  result: number,
  packetId: number,
  expiresMs: number,
  retryMs: number,
): number {
  view.setUint32(at + MoneyField.sendRequestId, requestId);
  view.setUint32(at + MoneyField.sendResult, result);
  view.setUint32(at + MoneyField.sendPacketId, packetId);
  view.setUint32(at + MoneyField.sendRetryMs, retryMs);
  writeU64(view, at + MoneyField.sendExpiresMs, expiresMs);
  return writeFixedHeader1(view, at, Opcode1.sendResult, unixMs);
}

export function writeNotice(
  view: DataView,
  at: number,
  unixMs: number,
  packetId: number,
  sender: number,
  amountFen: number,
  shares: number,
  mode: number,
  group: number,
  expiresMs: number,
): number {
  view.setUint32(at + MoneyField.noticePacketId, packetId);
  view.setUint32(at + MoneyField.noticeSender, sender);
  view.setUint32(at + MoneyField.noticeAmount, amountFen);
  view.setUint32(at + MoneyField.noticeShares, shares);
  view.setUint32(at + MoneyField.noticeMode, mode);
  view.setUint32(at + MoneyField.noticeGroup, group);
  writeU64(view, at + MoneyField.noticeExpiresMs, expiresMs);
  return writeFixedHeader1(view, at, Opcode1.notice, unixMs);
}

export function writeClaim(view: DataView, at: number, unixMs: number, packetId: number): number {
  view.setUint32(at + MoneyField.claimPacketId, packetId);
  return writeFixedHeader1(view, at, Opcode1.claim, unixMs);
}

/** The amount is the user's share if the result is `ok` or `alreadyClaimed`, otherwise 0. */
export function writeClaimResult(
  view: DataView,
  at: number,
  unixMs: number,
  packetId: number,
  result: number,
  amountFen: number,
  retryMs: number,
): number {
  view.setUint32(at + MoneyField.claimPacketId, packetId);
  view.setUint32(at + MoneyField.claimResult, result);
  view.setUint32(at + MoneyField.claimAmount, amountFen);
  view.setUint32(at + MoneyField.claimRetryMs, retryMs);
  return writeFixedHeader1(view, at, Opcode1.claimResult, unixMs);
}

export function writeDetail(
  view: DataView,
  at: number,
  unixMs: number,
  packetId: number,
  from: number,
): number {
  view.setUint32(at + MoneyField.detailPacketId, packetId);
  view.setUint32(at + MoneyField.detailFrom, from);
  return writeFixedHeader1(view, at, Opcode1.detail, unixMs);
}

/** Who got what: `claims` are users and amounts in turn, at most `DETAILS_PER_FRAME` pairs, from claim `first` on. */
export function writeDetailResult(
  view: DataView,
  at: number,
  unixMs: number,
  packetId: number,
  result: number,
  shares: number,
  claimed: number,
  luckiest: number,
  luckiestFen: number,
  first: number,
  claims: ArrayLike<number>,
): number {
  view.setUint32(at + MoneyField.detailPacketId, packetId);
  view.setUint32(at + MoneyField.detailResult, result);
  view.setUint32(at + MoneyField.detailShares, shares);
  view.setUint32(at + MoneyField.detailClaimed, claimed);
  view.setUint32(at + MoneyField.detailLuckiest, luckiest);
  view.setUint32(at + MoneyField.detailLuckiestAmount, luckiestFen);
  view.setUint32(at + MoneyField.detailFirst, first);
  view.setUint32(at + MoneyField.detailCount, claims.length / 2);
  for (let i = 0; i < claims.length; i++) view.setUint32(at + MoneyField.detailClaims + 4 * i, claims[i]);
  return writeHeader1(view, at, Opcode1.detailResult, unixMs, MoneyField.detailClaims + 4 * claims.length);
}

export function writeBalance(view: DataView, at: number, unixMs: number): number {
  return writeFixedHeader1(view, at, Opcode1.balance, unixMs);
}

export function writeBalanceResult(
  view: DataView,
  at: number,
  unixMs: number,
  result: number,
  balanceFen: number,
  retryMs: number,
): number {
  view.setUint32(at + MoneyField.balanceResult, result);
  view.setUint32(at + MoneyField.balanceRetryMs, retryMs);
  writeU64(view, at + MoneyField.balanceFen, balanceFen);
  return writeFixedHeader1(view, at, Opcode1.balanceResult, unixMs);
}

/** To the sender: his packet's time is over, and what nobody claimed is his again. */
export function writeExpired(
  view: DataView,
  at: number,
  unixMs: number,
  packetId: number,
  returnedFen: number,
): number {
  view.setUint32(at + MoneyField.expiredPacketId, packetId);
  view.setUint32(at + MoneyField.expiredReturned, returnedFen);
  return writeFixedHeader1(view, at, Opcode1.expired, unixMs);
}

/** `text` is UTF-8, 1 to `MOST_CHAT_BYTES` bytes. */
export function writeChat(
  view: DataView,
  at: number,
  unixMs: number,
  requestId: number,
  group: number,
  text: Uint8Array,
): number {
  view.setUint32(at + MoneyField.chatRequestId, requestId);
  view.setUint32(at + MoneyField.chatGroup, group);
  for (let i = 0; i < text.length; i++) view.setUint8(at + MoneyField.chatText + i, text[i]);
  return writeHeader1(view, at, Opcode1.chat, unixMs, MoneyField.chatText + text.length);
}

export function writeChatResult(
  view: DataView,
  at: number,
  unixMs: number,
  requestId: number,
  result: number,
  retryMs: number,
): number {
  view.setUint32(at + MoneyField.chatRequestId, requestId);
  view.setUint32(at + MoneyField.chatResult, result);
  view.setUint32(at + MoneyField.chatRetryMs, retryMs);
  return writeFixedHeader1(view, at, Opcode1.chatResult, unixMs);
}

export function writeChatMessage(
  view: DataView,
  at: number,
  unixMs: number,
  group: number,
  sender: number,
  text: Uint8Array,
): number {
  view.setUint32(at + MoneyField.messageGroup, group);
  view.setUint32(at + MoneyField.messageSender, sender);
  for (let i = 0; i < text.length; i++) view.setUint8(at + MoneyField.messageText + i, text[i]);
  return writeHeader1(view, at, Opcode1.chatMessage, unixMs, MoneyField.messageText + text.length);
}
