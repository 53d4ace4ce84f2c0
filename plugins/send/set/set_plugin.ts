import {
  assert,
  DEFER,
  EntryKind,
  entryOf,
  Field,
  type FrameHandler,
  frames,
  isForLater,
  kinds,
  Opcode,
  Opcode1,
  ownerSet,
  type PluginInstance,
  Result,
  type SetContext,
  type VerdictCall,
  writeClaimResponse,
  writeClaimResult,
  writeFrame,
} from "../../../core/plugin/plugin.ts";
import { Chat } from "./chat.ts";
import { SendMessage } from "../common/messages.ts";
import { type SendMetrics, sendMetrics } from "../common/metrics.ts";
import type { SendConfig } from "../common/config.ts";
import { PacketOwner } from "./packet_owner.ts";
import { ReliableSender } from "./reliable_sender.ts";
import { LedgerQueries } from "./ledger_queries.ts";
import { Sender } from "./sender.ts";
import { ToldUsers } from "./told_users.ts";
import { Presence } from "./presence.ts";

/**
 * The half of `send` that lives in a SET. A SET plays four parts at once: its users' door (frames in, answers out), the
 * home of users who may be anywhere, the owner of packets, and the owner of groups; they speak by messages, so it
 * doesn't matter where each is.
 */
export class SendSet implements PluginInstance {
  readonly frames: NonNullable<PluginInstance["frames"]>;
  readonly #set: SetContext;
  readonly #config: SendConfig;
  readonly #m: SendMetrics;
  readonly #toSets: ReliableSender;
  readonly #queries: LedgerQueries;
  readonly #sender: Sender;
  readonly #owner: PacketOwner;
  readonly #chat: Chat;
  readonly #told: ToldUsers;
  readonly #presence = new Presence();
  /** By seat: who has logged in there, for the farewell. */
  readonly #isHere: Uint8Array;
  #nowMs = 0;

  constructor(set: SetContext, config: SendConfig) {
    this.#set = set;
    this.#config = config;
    this.#m = sendMetrics(set);
    this.#toSets = new ReliableSender(set);
    this.#queries = new LedgerQueries(set);
    this.#sender = new Sender(set, config, this.#toSets, this.#m);
    this.#owner = new PacketOwner(set, this.#toSets, this.#queries, this.#m);
    this.#chat = new Chat(set, config, this.#toSets, this.#queries, this.#m);
    this.#told = new ToldUsers(set, config, this.#queries, this.#m);
    this.#isHere = new Uint8Array(set.seats);
    const sender = this.#sender;
    const chat = this.#chat;
    const claim: FrameHandler = (connection, request, at, reply, replyAt) =>
      this.#onClaim(connection, request, at, reply, replyAt);
    const noClaim: FrameHandler = (connection, request, at, reply, replyAt) =>
      this.#refuseClaim(connection, request, at, reply, replyAt, Result.overloaded);
    this.frames = {
      [Opcode.claimRequest]: { bytes: 20, handle: claim, refuse: noClaim },
      [Opcode1.claim]: { bytes: frames.claim.bytes, handle: claim, refuse: noClaim },
      [Opcode1.send]: {
        bytes: frames.send.bytes,
        handle: (connection, request, at, reply, replyAt) =>
          sender.onSend(connection, request, at, reply, replyAt),
        refuse: (_connection, request, at, reply, replyAt) => sender.onRefused(request, at, reply, replyAt),
      },
      [Opcode1.detail]: {
        bytes: frames.detail.bytes,
        handle: (connection, request, at, reply, replyAt) =>
          this.#onDetail(connection, request, at, reply, replyAt),
        refuse: (_connection, request, at, reply, replyAt) =>
          this.#refuseDetail(request, at, reply, replyAt, Result.overloaded),
      },
      [Opcode1.balance]: {
        bytes: frames.balance.bytes,
        handle: (connection, _request, _at, reply, replyAt) =>
          this.#queries.hasRoom
            ? this.#onBalance(connection)
            : this.#refuseBalance(reply, replyAt, Result.busy),
        refuse: (_connection, _request, _at, reply, replyAt) =>
          this.#refuseBalance(reply, replyAt, Result.overloaded),
      },
      [Opcode1.chat]: {
        bytes: frames.chat.bytes,
        handle: (connection, request, at, reply, replyAt) =>
          chat.onChat(connection, request, at, reply, replyAt),
        refuse: (_connection, request, at, reply, replyAt) => chat.onRefused(request, at, reply, replyAt),
      },
    };
  }

  onOpen(connection: number): void {
    this.#isHere[this.#set.seatOf(connection)] = 0;
  }

  onLogin(connection: number, user: number): void {
    this.#isHere[this.#set.seatOf(connection)] = 1;
    this.#sayWhere(SendMessage.here, connection, user);
    this.#told.loggedIn(connection, user, this.#nowMs);
  }

  onClose(connection: number): void {
    if (this.#isHere[this.#set.seatOf(connection)] === 0) return;
    this.#sayWhere(SendMessage.gone, connection, this.#set.userOf(connection));
  }

  onTick(nowMs: number): number {
    this.#nowMs = nowMs;
    this.#toSets.retry();
    this.#queries.pump();
    const dueMs = this.#owner.tick(nowMs);
    return this.#toSets.isBehind || this.#queries.isBehind ? nowMs + 1 : dueMs;
  }

  onDrain(): void {
    this.#sender.isDraining = true;
  }

  onVerdict(call: VerdictCall, connection: number, reply: DataView, replyAt: number, nowMs: number): number {
    this.#nowMs = nowMs;
    switch (call.kind) {
      case EntryKind.send:
        return this.#sender.judged(call, connection, reply, replyAt, nowMs);
      case EntryKind.claim:
        this.#owner.claimJudged(call, nowMs);
        return 0;
      case EntryKind.takeBack:
        this.#owner.returnJudged(call, nowMs);
        return 0;
      default:
        this.#queries.answered(call, nowMs);
        return 0;
    }
  }

  /** From the host's half: a packet that it has sent, or a group that has changed. */
  onMessage(words: Int32Array, at: number, _count: number, nowMs: number): void {
    const id = words[at + 1] >>> 0;
    if (words[at] === SendMessage.sent) this.#owner.sent(id, nowMs);
    else this.#chat.changed(id);
  }

  onSetMessage(words: Int32Array, at: number, count: number, nowMs: number): void {
    this.#nowMs = nowMs;
    const word = (i: number) => words[at + i] >>> 0;
    const asker = (i: number) => ({ set: word(i), connection: word(i + 1), generation: words[at + i + 2] });
    switch (words[at]) {
      case SendMessage.sent:
        return this.#owner.sent(word(1), nowMs);
      case SendMessage.claim:
        return this.#owner.claim(word(1), word(2), asker(3), nowMs);
      case SendMessage.claimed:
        return this.#claimed(word(1), words[at + 2], word(3), word(4), word(5));
      case SendMessage.detail:
        return this.#owner.detail(word(1), word(2), word(3), asker(4), nowMs);
      case SendMessage.detailed:
        return this.#detailed(words.slice(at, at + count));
      case SendMessage.here:
        return this.#presence.here(word(1), { set: word(2), connection: word(3) });
      case SendMessage.gone:
        return this.#presence.gone(word(1), { set: word(2), connection: word(3) });
      case SendMessage.toUser:
        return this.#passOn(word(1), words.slice(at + 2, at + count));
      case SendMessage.deliver:
        return this.#told.deliver(word(1), word(2), words, at + 3);
      case SendMessage.chat: {
        const text = [...words.slice(at + 7, at + count)];
        return this.#chat.toGroup(word(1), word(2), word(3), asker(4), text, nowMs);
      }
      case SendMessage.chatted:
        this.#set.answer(
          word(1),
          words[at + 2],
          (reply, replyAt) => this.#chat.writeResult(reply, replyAt, word(3), word(4)),
        );
        return;
      default:
        assert(false, "SETs speak in SendMessages");
    }
  }

  #onClaim(connection: number, request: DataView, at: number, reply: DataView, replyAt: number): number {
    const packetId = this.#claimedId(connection, request, at);
    this.#set.count(this.#m.claims);
    const words = [SendMessage.claim, packetId, this.#set.userOf(connection), ...this.#asker(connection)];
    if (this.#toSets.try(ownerSet(packetId, this.#set.setCount), words)) return DEFER;
    return this.#refuseClaim(connection, request, at, reply, replyAt, Result.busy);
  }

  #refuseClaim(
    connection: number,
    request: DataView,
    at: number,
    reply: DataView,
    replyAt: number,
    result: number,
  ): number {
    this.#set.count(this.#m.claimsBusy);
    const packetId = this.#claimedId(connection, request, at);
    return this.#writeClaimed(connection, reply, replyAt, packetId, result, 0);
  }

  #claimedId(connection: number, request: DataView, at: number): number {
    const isOld = this.#set.versionOf(connection) === 0;
    return request.getUint32(at + (isOld ? Field.claimPacketId : frames.claim.at.packetId));
  }

  #claimed(
    connection: number,
    generation: number,
    packetId: number,
    result: number,
    amountFen: number,
  ): void {
    const isSent = this.#set.answer(
      connection,
      generation,
      (reply, replyAt) => this.#writeClaimed(connection, reply, replyAt, packetId, result, amountFen),
    );
    if (isSent && amountFen > 0) this.#set.awaitReceipt(connection, packetId);
  }

  #writeClaimed(
    connection: number,
    reply: DataView,
    replyAt: number,
    packetId: number,
    result: number,
    amountFen: number,
  ): number {
    const { unixSeconds, unixMs } = this.#set;
    if (this.#set.versionOf(connection) === 0) {
      return writeClaimResponse(reply, replyAt, unixSeconds, packetId, amountFen);
    }
    const retryMs = isForLater(result) ? this.#config.retryMs : 0;
    return writeClaimResult(reply, replyAt, unixMs, packetId, result, amountFen, retryMs);
  }

  #onDetail(connection: number, request: DataView, at: number, reply: DataView, replyAt: number): number {
    const packetId = request.getUint32(at + frames.detail.at.packetId);
    const from = request.getUint32(at + frames.detail.at.from);
    const words = [
      SendMessage.detail,
      packetId,
      this.#set.userOf(connection),
      from,
      ...this.#asker(connection),
    ];
    if (this.#toSets.try(ownerSet(packetId, this.#set.setCount), words)) return DEFER;
    return this.#refuseDetail(request, at, reply, replyAt, Result.busy);
  }

  #refuseDetail(request: DataView, at: number, reply: DataView, replyAt: number, result: number): number {
    const packetId = request.getUint32(at + frames.detail.at.packetId);
    const from = request.getUint32(at + frames.detail.at.from);
    return writeFrame(frames.detailResult, reply, replyAt, this.#set.unixMs, {
      packetId,
      result,
      shares: 0,
      claimed: 0,
      luckiest: 0,
      luckiestFen: 0,
      first: from,
      claims: [],
    });
  }

  /** The words are as `SendMessage.detailed` has them. */
  #detailed(words: Int32Array): void {
    const [, connection, generation, packetId, result, shares, claimed, luckiest, luckiestFen, first] = words;
    const claims = words.subarray(10);
    this.#set.answer(
      connection,
      generation,
      (reply, replyAt) =>
        writeFrame(frames.detailResult, reply, replyAt, this.#set.unixMs, {
          packetId,
          result,
          shares,
          claimed,
          luckiest,
          luckiestFen,
          first,
          claims,
        }),
    );
  }

  #onBalance(connection: number): number {
    const generation = this.#set.generationOf(connection);
    const user = this.#set.userOf(connection);
    this.#queries.ask(entryOf(kinds.balanceOf, { user }), this.#nowMs, ([low, high]) => {
      const fen = (low >>> 0) + high * 0x1_0000_0000;
      this.#set.answer(
        connection,
        generation,
        (reply, replyAt) =>
          writeFrame(frames.balanceResult, reply, replyAt, this.#set.unixMs, {
            result: Result.ok,
            retryMs: 0,
            balanceFen: fen,
          }),
      );
    });
    return DEFER;
  }

  #refuseBalance(reply: DataView, replyAt: number, result: number): number {
    return writeFrame(frames.balanceResult, reply, replyAt, this.#set.unixMs, {
      result,
      retryMs: this.#config.retryMs,
      balanceFen: 0,
    });
  }

  /** At a user's home: passes words on to where they are now. Whoever is away is told at their next login. */
  #passOn(user: number, words: Int32Array): void {
    const place = this.#presence.find(user);
    if (place === undefined) return;
    this.#toSets.try(place.set, [SendMessage.deliver, place.connection, user, ...words]);
  }

  #sayWhere(kind: number, connection: number, user: number): void {
    const words = [kind, user, this.#set.index, connection];
    this.#toSets.surely(ownerSet(user, this.#set.setCount), words, this.#nowMs);
  }

  #asker(connection: number): number[] {
    return [this.#set.index, connection, this.#set.generationOf(connection)];
  }
}
