import type { NatsConnection } from "@nats-io/transport-node";
import type { KV, KvEntry } from "@nats-io/kv";
import { assert } from "../base/assert.ts";
import { after, every } from "../base/clock.ts";
import { type Bus, type BusState, isSameValue, isSender, isSubject, type ValueOrder } from "./bus.ts";

/** How often values are looked at besides, and what isn't kept yet is tried again. */
const LOOK_MS = 4_000;
const RETRY_MS = 500;
const REQUEST_MS = 2_000;
const RECONNECT_MS = 200;
const PING_MS = 2_000;
const BUCKET = "redpkt_show";
const PREFIX = "redpkt";
/** Replicas of the bucket where there are as many servers. */
const MAX_REPLICAS = 3;

/** Where a NATS cluster is, and who asks. */
export interface NatsPlace {
  /** `host:port` of each server. */
  readonly servers: readonly string[];
  readonly user?: string;
  readonly password?: string;
  /** File of a user's credentials, and of the authority that has signed the servers' certificates. */
  readonly credentials?: string;
  readonly authority?: string;
  readonly isTls: boolean;
}

/**
 * A bus over one NATS cluster. A value is published to all who are there, and kept in a bucket for those who come later;
 * who watches looks at the bucket whenever it has connected, and every few seconds. So neither a bucket without a leader
 * nor a message that was lost in a reconnect keeps a value back, and there is no consumer that the cluster could forget.
 */
export class NatsBus implements Bus {
  readonly name: string;
  readonly #place: NatsPlace;
  readonly #order: ValueOrder;
  readonly #wanted = new Map<string, Uint8Array>();
  readonly #watchers = new Map<string, (value: Uint8Array | undefined) => void>();
  readonly #hearers = new Map<string, (from: string, message: Uint8Array) => void>();
  /** Subjects whose wish is being put: one attempt at a time. */
  readonly #putting = new Set<string>();
  readonly #looking = new Set<string>();
  /** Values that everybody has been told of, and that were in the bucket. */
  readonly #known = new Map<string, Uint8Array>();
  #connection: NatsConnection | undefined;
  #bucket: KV | undefined;
  #isUp = false;
  #isClosed = false;
  #trouble: string | undefined = "not connected yet";
  #dropped = 0;
  readonly #cancel: () => void;

  constructor(place: NatsPlace, order: ValueOrder) {
    this.name = `nats://${place.servers.join(",")}`;
    this.#place = place;
    this.#order = order;
    this.#cancel = every(LOOK_MS, () => this.#lookAtAll());
    void this.#connect();
  }

  get state(): BusState {
    return { isConnected: this.#isUp, trouble: this.#trouble, dropped: this.#dropped };
  }

  offer(subject: string, value: Uint8Array): void {
    assert(isSubject(subject), "a subject is short words with points between them");
    this.#wanted.set(subject, value);
    // Those who are there hear of it at once: a bucket without a leader may hold up an earlier value.
    if (this.#isUp) this.#publish(`${PREFIX}.${subject}`, value);
    void this.#keep(subject);
  }

  watch(subject: string, onValue: (value: Uint8Array | undefined) => void): void {
    assert(isSubject(subject), "a subject is short words with points between them");
    const before = this.#watchers.get(subject);
    if (before === undefined) this.#subscribeValue(subject);
    this.#watchers.set(subject, (value) => {
      before?.(value);
      onValue(value);
    });
    void this.#look(subject);
  }

  tell(subject: string, from: string, message: Uint8Array): void {
    assert(isSubject(subject) && isSender(from), "a message has a subject and a sender");
    // What is told while nobody is connected would come late and all at once.
    if (!this.#isUp || !this.#publish(`${PREFIX}.${subject}.${from}`, message)) this.#dropped++;
  }

  hear(subject: string, onMessage: (from: string, message: Uint8Array) => void): void {
    this.#hearers.set(subject, onMessage);
    this.#subscribeMessages(subject);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#isUp = false;
    this.#cancel();
    await this.#connection?.close().catch(() => {});
  }

  async #connect(): Promise<void> {
    // Loaded where a bus is used alone: it takes 20 MB and 100 ms.
    const { connect, credsAuthenticator } = await import("@nats-io/transport-node");
    const { servers, user, password, credentials, authority, isTls } = this.#place;
    while (!this.#isClosed) {
      try {
        const connection = await connect({
          servers: [...servers],
          name: "redpkt",
          ...(user === undefined ? {} : { user }),
          ...(password === undefined ? {} : { pass: password }),
          ...(credentials === undefined
            ? {}
            : { authenticator: credsAuthenticator(await Deno.readFile(credentials)) }),
          ...(isTls ? { tls: authority === undefined ? {} : { caFile: authority } } : {}),
          maxReconnectAttempts: -1,
          reconnectTimeWait: RECONNECT_MS,
          reconnectJitter: RECONNECT_MS,
          timeout: REQUEST_MS,
          pingInterval: PING_MS,
          maxPingOut: 2,
          ignoreAuthErrorAbort: true,
        });
        if (this.#isClosed) return await connection.close();
        this.#connection = connection;
        for (const subject of this.#watchers.keys()) this.#subscribeValue(subject);
        for (const subject of this.#hearers.keys()) this.#subscribeMessages(subject);
        this.#becomeUp();
        await this.#follow(connection);
      } catch (error) {
        this.#becomeDown(error);
      }
      await new Promise<void>((resolve) => after(RETRY_MS, resolve));
    }
  }

  /** Until the connection is closed, which it never does by itself. */
  async #follow(connection: NatsConnection): Promise<void> {
    for await (const status of connection.status()) {
      if (status.type === "reconnect") this.#becomeUp();
      else if (status.type === "disconnect" || status.type === "staleConnection") {
        this.#becomeDown("the connection is gone");
      } else if (status.type === "error") this.#trouble = String(status.error.message);
      else if (status.type === "close") break;
    }
    this.#connection = undefined;
    this.#bucket = undefined;
  }

  #becomeUp(): void {
    this.#isUp = true;
    this.#trouble = undefined;
    this.#lookAtAll();
  }

  #becomeDown(error: unknown): void {
    this.#isUp = false;
    this.#trouble = error instanceof Error ? error.message : String(error);
  }

  #lookAtAll(): void {
    for (const subject of this.#wanted.keys()) void this.#keep(subject);
    for (const subject of this.#watchers.keys()) void this.#look(subject);
  }

  #subscribeValue(subject: string): void {
    this.#connection?.subscribe(`${PREFIX}.${subject}`, {
      callback: (_error, { data }) => this.#watchers.get(subject)?.(Uint8Array.from(data)),
    });
  }

  #subscribeMessages(subject: string): void {
    this.#connection?.subscribe(`${PREFIX}.${subject}.*`, {
      callback: (_error, { data, subject: whole }) => {
        const from = whole.slice(whole.lastIndexOf(".") + 1);
        if (isSender(from)) this.#hearers.get(subject)?.(from, Uint8Array.from(data));
      },
    });
  }

  /** What the bucket holds, for those who watch. */
  async #look(subject: string): Promise<void> {
    if (!this.#isUp || this.#looking.has(subject)) return;
    this.#looking.add(subject);
    try {
      const entry = await (await this.#openBucket(false)).get(subject);
      if (!this.#isClosed) this.#watchers.get(subject)?.(heldIn(entry));
    } catch (error) {
      this.#note(error);
      if (isMissing(error)) this.#watchers.get(subject)?.(undefined);
    } finally {
      this.#looking.delete(subject);
    }
  }

  /** Publishes what is wanted, and puts it into the bucket unless that has a newer one; tries until it can. */
  async #keep(subject: string): Promise<void> {
    if (!this.#isUp || this.#putting.has(subject)) return;
    this.#putting.add(subject);
    let isKept = false;
    const value = this.#wanted.get(subject)!;
    try {
      // Said again until it is kept: somebody may have been away.
      if (this.#known.get(subject) !== value) this.#publish(`${PREFIX}.${subject}`, value);
      const bucket = await this.#openBucket(true);
      const entry = await bucket.get(subject);
      const kept = heldIn(entry);
      isKept = kept !== undefined && !this.#order.isNewer(value, kept);
      if (kept !== undefined && isKept && !isSameValue(kept, value)) this.#watchers.get(subject)?.(kept);
      if (!isKept) {
        // Compared and set: two who put at once are told apart, and the newer one tries again.
        if (entry === null) await bucket.create(subject, value);
        else await bucket.update(subject, value, entry.revision);
        isKept = true;
        // Once more for who came after the first word and looked before this.
        this.#publish(`${PREFIX}.${subject}`, value);
      }
      this.#known.set(subject, value);
    } catch (error) {
      this.#note(error);
    } finally {
      this.#putting.delete(subject);
    }
    if (this.#isClosed || (isKept && this.#wanted.get(subject) === value)) return;
    after(isKept ? 0 : RETRY_MS, () => void this.#keep(subject));
  }

  async #openBucket(mayCreate: boolean): Promise<KV> {
    if (this.#bucket !== undefined) return this.#bucket;
    const { Kvm } = await import("@nats-io/kv");
    const manager = new Kvm(this.#connection!);
    // Only who has something to keep makes the bucket: a host may have no right to.
    if (!mayCreate) return this.#bucket = await manager.open(BUCKET);
    const replicas = this.#place.servers.length >= MAX_REPLICAS ? MAX_REPLICAS : 1;
    return this.#bucket = await manager.create(BUCKET, { replicas, history: 8, max_bytes: 64 << 20 });
  }

  #publish(subject: string, bytes: Uint8Array): boolean {
    try {
      this.#connection?.publish(subject, bytes);
      return this.#connection !== undefined;
    } catch {
      return false;
    }
  }

  #note(error: unknown): void {
    // A stream that was lost must be made anew.
    this.#bucket = undefined;
    if (this.#isUp && !isMissing(error)) {
      this.#trouble = error instanceof Error ? error.message : String(error);
    }
  }
}

function heldIn(entry: KvEntry | null): Uint8Array | undefined {
  return entry === null || entry.operation !== "PUT" ? undefined : Uint8Array.from(entry.value);
}

/** The bucket isn't there: nobody has put anything yet, or the cluster has lost it. */
function isMissing(error: unknown): boolean {
  return error instanceof Error && /stream not found|no stream|bucket not found/i.test(error.message);
}
