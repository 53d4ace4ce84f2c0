/**
 * The plugin contract: all that business logic may know of the core. A plugin imports this module and nothing else of
 * `core/`; a user's plugin file needs no runtime import at all, since it is handed the same things as `api`.
 */
export { z } from "zod";
export {
  CloseCode,
  CueState,
  isForLater,
  Opcode,
  PLUGIN_CLOSE_CODES,
  PLUGIN_OPCODES,
  Result,
  SendMode,
  ShakeResult,
} from "../wire/codes.ts";
export {
  Field,
  FRAME_BYTES,
  writeClaimResponse,
  writeSendNotice,
  writeShakeResponse,
} from "../wire/version0.ts";
export { lengthOf, positionalWriter, readFrame, writeFrame } from "../wire/frame_codec.ts";
export { bytes, count, fromClient, fromServer, list, optional, u32, u64, utf8 } from "../wire/schema.ts";
export {
  DETAILS_PER_FRAME,
  frames,
  HASH_BYTES,
  MAX_DEPOT_URL_BYTES,
  MOST_CHAT_BYTES,
  MOST_RECIPIENTS,
  Opcode1,
} from "../wire/v1/frames.ts";
export type { Cue, Policy, ToldVersion } from "../wire/v1/told.ts";
export {
  writeChatResult,
  writeClaimResult,
  writeCue,
  writeNotice,
  writeOpenResult,
  writePolicy,
  writeShakeGreeting,
  writeShakeResult,
  writeShakeWon,
} from "../wire/v1/writers.ts";
export { Refusal, refusalName, Verdict } from "../ledger/record/entry.ts";
export { EntryKind, kinds } from "../ledger/kinds/entry_kinds.ts";
export { isTaken, type OpenPart, type OrderState, untakenOf } from "../ledger/record/order_state.ts";
export { type SendBody, sendBodyWords } from "../ledger/record/send_body.ts";
export {
  hasUser,
  HEAD_WORDS,
  HeadBit,
  HeadWord,
  readSentWords,
  type SentState,
} from "../ledger/record/sent_packet.ts";
export { ownerSet } from "../base/owner_set.ts";
export { assert } from "../base/assert.ts";
export { delta, FEN, gauge, percentiles, total } from "../charts/chart.ts";
export type { PluginChart, PluginLine, PluginWarning } from "../charts/declared.ts";
export { percentOf, type PhaseCounts, type PluginMeasure } from "../charts/measure.ts";
export type { MetricDefinition } from "../counters/counters.ts";
export type { Random } from "../base/random.ts";
export {
  type TicketGreeting,
  type TicketGroup,
  type Tickets,
  type TicketWave,
  TicketWord,
} from "../seed/file/tickets.ts";
export {
  allBans,
  type ShowBan,
  type ShowDocument,
  type ShowLimits,
  type ShowPolicy,
  type ShowResources,
  type ShowVersion,
  type ShowWave,
  showWaves,
  versionText,
} from "../show/document.ts";
export * from "./contract/definition.ts";
export * from "./contract/door.ts";
export * from "./contract/entries.ts";
export * from "./contract/frames.ts";
export * from "./contract/host.ts";
export * from "./contract/orders.ts";
export * from "./contract/packets.ts";
export * from "./contract/evening.ts";
export * from "./contract/rehearsal.ts";
export * from "./contract/routes.ts";
export * from "./contract/set.ts";
