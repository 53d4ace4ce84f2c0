import type { CloseCause, EngineHandler } from "../../core/engine/common/engine.ts";
import { SimEngine } from "../../core/engine/sim/sim.ts";
import type { SimActor } from "../../core/engine/sim/agenda.ts";
import type { SimNetwork } from "../../core/engine/sim/network.ts";
import { Waker } from "../../core/threads/waker.ts";
import { FrameCursor, NO_MORE_FRAMES } from "../../core/wire/frame_cursor.ts";
import {
  Field,
  responseFrames,
  writeClaimRequest,
  writeLoginRequest,
  writeShakeRequest,
} from "../../core/wire/version0.ts";
import { FIRST_VERSION_1_OPCODE, Opcode } from "../../core/wire/codes.ts";
import { type FrameTable, MAX_FRAME_BYTES } from "../../core/wire/frame_table.ts";
import { readFrame, type ReadValues } from "../../core/wire/frame_codec.ts";
import type { Fields, Frame } from "../../core/wire/schema.ts";
import { frames, Opcode1, TOKEN_BYTES } from "../../core/wire/v1/frames.ts";
import { writeLogin, writeShake } from "../../core/wire/v1/writers.ts";

const LOOPBACK = 0x7f000001;
const UNIX_SECONDS = 1_700_000_000;

/** What a server said, as far as a test cares. */
export interface Answer {
  readonly opcode: number;
  readonly user: number;
  readonly result: number;
  readonly packetId: number;
  readonly amountFen: number;
}

/** A version 1 frame of a server, as it came. */
export interface Frame1 {
  readonly opcode: number;
  readonly view: DataView;
}

/** One connection that a test writes to by hand, over the simulated network. */
export class SimPeer {
  readonly answers: Answer[] = [];
  /** What came in version 1. */
  readonly frames: Frame1[] = [];
  isOpen = false;
  /** The server has said that it sends no more. */
  hasEnded = false;
  closeCause: CloseCause | undefined;
  connection = -1;
  readonly #client: SimClient;
  readonly #early: ((view: DataView, at: number) => number)[] = [];

  constructor(client: SimClient) {
    this.#client = client;
  }

  login(user: number): this {
    return this.write((view, at) => writeLoginRequest(view, at, UNIX_SECONDS, user));
  }

  shake(user: number): this {
    return this.write((view, at) => writeShakeRequest(view, at, UNIX_SECONDS, user));
  }

  login1(user: number, token: Uint8Array = new Uint8Array(TOKEN_BYTES)): this {
    return this.write((view, at) => writeLogin(view, at, UNIX_SECONDS * 1000, user, token));
  }

  shake1(requestId = 1): this {
    return this.write((view, at) => writeShake(view, at, UNIX_SECONDS * 1000, requestId));
  }

  claim(user: number, packetId: number): this {
    return this.write((view, at) => writeClaimRequest(view, at, UNIX_SECONDS, user, packetId));
  }

  /** Bytes as they are, well-formed or not. */
  send(bytes: readonly number[]): this {
    return this.write((view, at) => {
      bytes.forEach((byte, i) => view.setUint8(at + i, byte));
      return bytes.length;
    });
  }

  /** Says that it sends no more, and still reads. */
  close(): void {
    this.#client.engine.close(this.connection);
  }

  abort(): void {
    this.#client.engine.abort(this.connection);
  }

  /** Version 1 frames of one kind. */
  of(opcode: number): DataView[] {
    return this.frames.filter((frame) => frame.opcode === opcode).map(({ view }) => view);
  }

  /** What version 1 frames of one kind say. */
  read<F extends Fields>(frame: Frame<F>): ReadValues<F>[] {
    return this.of(frame.opcode).map((view) => readFrame(frame, view, 0));
  }

  /** The answers to shakes alone. */
  get shakes(): Answer[] {
    return this.answers.filter(({ opcode }) => opcode === Opcode.shakeResponse);
  }

  /** The version 1 answers to shakes with one result. */
  results1(result: number): DataView[] {
    return this.of(Opcode1.shakeResult).filter((view) =>
      view.getUint32(frames.shakeResult.at.result) === result
    );
  }

  /** The connection is up: what was said before goes out. */
  opened(): void {
    this.isOpen = true;
    for (const write of this.#early.splice(0)) this.write(write);
  }

  /** Sends the frame that `write` writes, of at most 4 KiB. */
  write(write: (view: DataView, at: number) => number): this {
    const { engine } = this.#client;
    if (!this.isOpen) {
      if (this.closeCause === undefined) this.#early.push(write);
      return this;
    }
    const at = engine.reserve(this.connection, MAX_FRAME_BYTES);
    engine.commit(this.connection, write(engine.output.view, at));
    return this;
  }
}

/** A host of peers. */
export class SimClient implements SimActor, EngineHandler {
  readonly engine: SimEngine;
  readonly #accepted = bothVersions();
  readonly #cursor: FrameCursor;
  readonly #peers = new Map<number, SimPeer>();
  readonly #port: number;

  /** @param address this host's own */
  constructor(network: SimNetwork, capacity = 1_000, port = 1025, address = LOOPBACK) {
    this.engine = new SimEngine({ capacity, clock: network.clock, waker: new Waker(), network, address });
    this.#cursor = new FrameCursor(this.#accepted, capacity, this.engine.maxReadBytes);
    this.#port = port;
    this.engine.attach(this);
  }

  /** Takes frames of this kind too. */
  accept({ opcode, bytes }: Frame): void {
    this.#accepted.allow(opcode, ...bytes);
  }

  /** Begins to connect. */
  dial(): SimPeer {
    const peer = new SimPeer(this);
    peer.connection = this.engine.dial({ address: LOOPBACK, port: this.#port, source: 0 });
    this.#peers.set(peer.connection, peer);
    return peer;
  }

  turn(): void {
    this.engine.poll(0);
  }

  nextDueMs(): number {
    return this.engine.nextDueMs();
  }

  onWake(): void {}
  onAccept(): void {}
  onDrain(): void {}

  onConnect(connection: number): void {
    this.#peers.get(connection)!.opened();
  }

  onBytes(connection: number, start: number, end: number): void {
    const { input } = this.engine;
    const cursor = this.#cursor;
    cursor.load(connection, input.bytes, input.view, start, end);
    for (let step = cursor.next(); step !== NO_MORE_FRAMES; step = cursor.next()) {
      if (step < 0) throw new Error(`the server sent a bad frame: close code ${-step}`);
      const { opcode, view, at, length } = cursor;
      const peer = this.#peers.get(connection)!;
      if (opcode < FIRST_VERSION_1_OPCODE) peer.answers.push(answerAt(opcode, view, at));
      else {
        const bytes = new Uint8Array(view.buffer, view.byteOffset + at, length).slice();
        peer.frames.push({ opcode, view: new DataView(bytes.buffer) });
      }
    }
  }

  onEnd(connection: number): void {
    this.#peers.get(connection)!.hasEnded = true;
    this.engine.close(connection);
  }

  onClose(connection: number, cause: CloseCause): void {
    const peer = this.#peers.get(connection)!;
    peer.isOpen = false;
    peer.closeCause = cause;
    this.#cursor.forget(connection);
    this.#peers.delete(connection);
  }
}

function bothVersions(): FrameTable {
  const table = responseFrames();
  for (const { from, opcode, bytes } of Object.values(frames)) {
    if (from === "server") table.allow(opcode, ...bytes);
  }
  return table;
}

function answerAt(opcode: number, view: DataView, at: number): Answer {
  const isShake = opcode === Opcode.shakeResponse;
  const isClaim = opcode === Opcode.claimResponse;
  return {
    opcode,
    user: isClaim ? 0 : view.getUint32(at + Field.userId),
    result: isClaim ? 0 : view.getUint32(at + Field.result),
    packetId: isShake ? view.getUint32(at + Field.shakePacketId) : isClaim ? view.getUint32(at + 12) : 0,
    amountFen: isShake ? view.getUint32(at + Field.shakeAmount) : isClaim ? view.getUint32(at + 16) : 0,
  };
}
