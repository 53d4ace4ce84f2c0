import assert from "node:assert/strict";
import type { SimNetworkOptions } from "../../core/engine/sim/network.ts";
import { writeFrame } from "../../core/wire/frame_codec.ts";
import { frames, Opcode1, TOKEN_BYTES } from "../../core/wire/v1/frames.ts";
import { writeClaim, writeDelivered, writeLogin } from "../../core/wire/v1/writers.ts";
import send from "../../plugins/send/mod.ts";
import type { SimPeer } from "../sim/sim_client.ts";
import type { SimHostOptions } from "../../core/world/host/sim_host.ts";
import { World } from "../sim/sim_world.ts";

export interface SendOptions {
  readonly requestId?: number;
  readonly shares?: number;
  readonly mode?: number;
  readonly group?: number;
  readonly to?: readonly number[];
}

/** A version 1 user, by what they say and hear. */
export class SendUser {
  readonly peer: SimPeer;
  readonly id: number;

  constructor(peer: SimPeer, id: number) {
    this.peer = peer;
    this.id = id;
    peer.write((view, at) => writeLogin(view, at, 0, id, new Uint8Array(TOKEN_BYTES)));
  }

  send(amountFen: number, options: SendOptions = {}): this {
    const { requestId = 1, mode = 1, group = 0, to = [] } = options;
    const shares = options.shares ?? Math.max(1, to.length);
    this.peer.write((view, at) =>
      writeFrame(frames.send, view, at, 0, { requestId, amountFen, shares, mode, group, users: to })
    );
    return this;
  }

  claim(packetId: number): this {
    this.peer.write((view, at) => writeClaim(view, at, 0, packetId));
    return this;
  }

  delivered(packetId: number): this {
    this.peer.write((view, at) => writeDelivered(view, at, 0, packetId));
    return this;
  }

  detail(packetId: number, from = 0): this {
    this.peer.write((view, at) => writeFrame(frames.detail, view, at, 0, { packetId, from }));
    return this;
  }

  chat(group: number, text: string, requestId = 1): this {
    const bytes = new TextEncoder().encode(text);
    this.peer.write((view, at) => writeFrame(frames.chat, view, at, 0, { requestId, group, text: bytes }));
    return this;
  }

  askBalance(): this {
    this.peer.write((view, at) => writeFrame(frames.balance, view, at, 0, {}));
    return this;
  }

  /** Results of their sends with the packets' ids. */
  get sent() {
    return this.peer.read(frames.sendResult);
  }

  /** Packets that they were told of. */
  get notices(): number[] {
    return this.peer.read(frames.notice).map(({ packetId }) => packetId);
  }

  get claims() {
    return this.peer.read(frames.claimResult).map(({ retryMs: _, ...claim }) => claim);
  }

  get balances(): number[] {
    return this.peer.read(frames.balanceResult).map(({ balanceFen }) => balanceFen);
  }

  get isIn(): boolean {
    return this.peer.of(Opcode1.loginResult).length > 0;
  }
}

/** A world whose host has plugin `send` alone, over several SETs and workers. */
export class SendWorld extends World {
  constructor(
    options: Partial<SimHostOptions> & { readonly config?: unknown } = {},
    network: SimNetworkOptions = {},
    seed = 1,
  ) {
    const { config, ...rest } = options;
    const plugins = [{ plugin: send, config: config ?? {} }];
    super({ plugins, workers: 2, setsPerWorker: 3, seats: 50, ringEntries: 512, ...rest }, network, seed);
  }

  /** A user who has logged in, by version 1. */
  in(id: number): SendUser {
    const user = new SendUser(this.connect(), id);
    this.until(() => user.isIn);
    this.pass(20);
    return user;
  }

  fund(first: number, last: number, amountFen: number, key = "fund"): Promise<unknown> {
    return this.ask("post", "/fund", { users: [first, last], amountFen }, { "idempotency-key": key });
  }

  /** A packet that was sent and is durable. */
  sendBy(user: SendUser, amountFen: number, options: SendOptions): number {
    const before = user.sent.length;
    user.send(amountFen, options);
    this.until(() => user.sent.length > before);
    const { result, packetId } = user.sent.at(-1)!;
    assert.equal(result, 0);
    return packetId;
  }

  /** Claims and waits for the answer. */
  claimBy(user: SendUser, packetId: number): { result: number; amountFen: number } {
    const before = user.claims.length;
    user.claim(packetId);
    this.until(() => user.claims.length > before);
    const { result, amountFen } = user.claims.at(-1)!;
    return { result, amountFen };
  }

  balanceOf(user: SendUser): number {
    const before = user.balances.length;
    user.askBalance();
    this.until(() => user.balances.length > before);
    return user.balances.at(-1)!;
  }
}
