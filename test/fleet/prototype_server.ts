/**
 * A server with the habits of the public Go prototype's, for tests of the fleet. What it holds for users waits in
 * buckets; whoever of a bucket shakes next gets the first of it, whatever it is and whomever it names, as the only
 * answer to the shake.
 */
import type { Engine } from "../../core/engine/common/engine.ts";
import { Opcode, ShakeResult } from "../../core/wire/codes.ts";
import { HEADER_BYTES } from "../../core/wire/schema.ts";
import {
  Field,
  requestFrames,
  writeClaimResponse,
  writeLoginResponse,
  writeSendNotice,
  writeShakeResponse,
} from "../../core/wire/version0.ts";
import { FrameServer, type Writer } from "../sim/frame_server.ts";

const BUCKETS = 256;
const SHARES = 3;
/** Its reader drops frames whose body is smaller or larger. */
const [LEAST_BODY, MOST_BODY] = [4, 40];
const UNIX_SECONDS = 1_700_000_000;

/** A sent packet of which shares are left. */
interface Sent {
  restFen: number;
  shares: number;
}

/** See the top of the file. */
export class PrototypeServer extends FrameServer {
  /** What was given away so far. */
  readonly given = {
    won: 0,
    wonFen: 0,
    notices: 0,
    shares: 0,
    sharesFen: 0,
    claimsUnanswered: 0,
    overloads: 0,
  };
  /** It answers "overloaded" to every shake. */
  isOverloaded = false;
  readonly #buckets: Writer[][] = Array.from({ length: BUCKETS }, () => []);
  readonly #sent = new Map<number, Sent>();

  constructor(engine: Engine) {
    super(engine, requestFrames());
  }

  /** Makes packets, one after the other in every bucket: a win is written before anybody asks, and names user 0. */
  makePackets(firstId: number, count: number, amountFen: number): void {
    for (let i = 0; i < count; i++) {
      this.#buckets[i % BUCKETS].push((view, at) => {
        this.given.won++;
        this.given.wonFen += amountFen;
        return writeShakeResponse(view, at, UNIX_SECONDS, 0, ShakeResult.won, firstId + i, amountFen);
      });
    }
  }

  /** Sends a packet to three users: each bucket of theirs has a notice for whoever comes. */
  sendPacket(packetId: number, amountFen: number, users: readonly [number, number, number]): void {
    this.#sent.set(packetId, { restFen: amountFen, shares: SHARES });
    for (const user of users) {
      this.#buckets[user % BUCKETS].push((view, at) => {
        this.given.notices++;
        return writeSendNotice(view, at, UNIX_SECONDS, packetId, amountFen, ...users);
      });
    }
  }

  /** What waits in all buckets. */
  get waiting(): number {
    return this.#buckets.reduce((sum, { length }) => sum + length, 0);
  }

  protected onFrame(connection: number): void {
    const { view, at, opcode, length } = this.cursor;
    const bodyBytes = length - HEADER_BYTES;
    if (bodyBytes < LEAST_BODY || bodyBytes > MOST_BODY) return;
    const user = this.userOf.get(connection);
    if (user === undefined) {
      if (opcode === Opcode.loginRequest) this.#onLogin(connection, view.getUint32(at + Field.userId));
      else this.close(connection);
    } else if (opcode === Opcode.shakeRequest) {
      this.#onShake(connection, user, view.getUint32(at + Field.userId));
    } else if (opcode === Opcode.claimRequest) {
      this.#onClaim(connection, view.getUint32(at + Field.claimPacketId));
    }
  }

  #onLogin(connection: number, userId: number): void {
    this.userOf.set(connection, userId);
    this.logins.push(userId);
    this.send(connection, (view, at) => writeLoginResponse(view, at, UNIX_SECONDS, userId, 0));
  }

  #onShake(connection: number, user: number, named: number): void {
    this.shakes.push(user);
    if (this.isOverloaded) {
      this.given.overloads++;
      return this.#answer(connection, user, ShakeResult.overloaded);
    }
    const made = this.#buckets[user % BUCKETS].shift();
    if (made !== undefined) this.send(connection, made);
    else this.#answer(connection, named, ShakeResult.nothing); // which repeats the user that the request named
  }

  #answer(connection: number, user: number, result: number): void {
    this.send(connection, (view, at) => writeShakeResponse(view, at, UNIX_SECONDS, user, result, 0, 0));
  }

  /** A claim of a packet that is gone, or never was, has no answer. A share may be 0. */
  #onClaim(connection: number, packetId: number): void {
    const sent = this.#sent.get(packetId);
    if (sent === undefined) return void this.given.claimsUnanswered++;
    const shareFen = sent.shares === 1 ? sent.restFen : Math.floor(sent.restFen / (2 * sent.shares));
    sent.restFen -= shareFen;
    if (--sent.shares === 0) this.#sent.delete(packetId);
    this.given.shares++;
    this.given.sharesFen += shareFen;
    this.send(connection, (view, at) => writeClaimResponse(view, at, UNIX_SECONDS, packetId, shareFen));
  }
}
