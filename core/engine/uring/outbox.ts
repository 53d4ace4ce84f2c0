import { assert } from "../../base/assert.ts";
import type { Area, EngineStats } from "../common/engine.ts";
import * as posix from "../../os/posix.ts";
import { SendQueues } from "../common/send_queue.ts";
import { mapWithin4GiB } from "./ring/buffers.ts";
import { State, type UringConnections } from "./connections.ts";
import type { UringRing } from "./ring/ring.ts";
import type { Rings } from "./ring/rings.ts";
import type { Submissions } from "./ring/submissions.ts";
import { connectionOf, Kind, kindOf } from "./ring/user_data.ts";

/** Replies of one batch. */
const OUTPUT_BYTES = 256 * 1024;
/** Most bytes of one send, and of one reservation. */
const SEND_BYTES = 64 * 1024;

export interface OutboxOwner {
  /** A send failed for good; `code` is an errno. */
  onSendFailed(connection: number, code: number): void;
  /** What waited in a connection's queue is out. */
  onQueueEmpty(connection: number): void;
}

/**
 * The sending half of the io_uring engine. Replies are gathered in mapped memory and leave with the next enter: adjacent
 * commits as one send, and one send a connection in a batch, since a later one must not be tried before the kernel has
 * said that it took all of the earlier. A send ends when the enter returns, so the memory serves the next batch.
 */
export class UringOutbox {
  readonly output: Area;
  readonly #memory = mapWithin4GiB(OUTPUT_BYTES);
  readonly #rings: Rings;
  readonly #connections: UringConnections;
  readonly #stats: EngineStats;
  readonly #owner: OutboxOwner;
  readonly #queues: SendQueues;
  #batch = 1;
  /** Where the next reservation lies, and the one that was made last. */
  #end = 0;
  #reservedAt = 0;
  #reserved = 0;
  /** The send that is being gathered: all adjacent commits to one connection. */
  #gatherConnection = -1;
  #gatherStart = 0;
  #gatherEnd = 0;
  /** Connections whose sends did not just go out, each with an errno or 0. */
  readonly #unsettled: number[] = [];
  #isSettling = false;

  constructor(
    rings: Rings,
    connections: UringConnections,
    stats: EngineStats,
    owner: OutboxOwner,
    queueBytes: number,
  ) {
    this.#rings = rings;
    this.#connections = connections;
    this.#stats = stats;
    this.#owner = owner;
    this.#queues = new SendQueues(queueBytes);
    this.output = this.#memory;
  }

  /** See `Engine.reserve`. */
  reserve(connection: number, size: number): number {
    assert(size <= SEND_BYTES, "a reservation fits a send");
    if (connection !== this.#gatherConnection || this.#gatherEnd - this.#gatherStart + size > SEND_BYTES) {
      this.flush();
      this.#gatherConnection = connection;
      this.#gatherStart = this.#gatherEnd = this.#end;
    }
    if (this.#end + size > OUTPUT_BYTES) {
      this.flush();
      this.#rings.submitAll();
      this.#gatherConnection = connection;
      this.#gatherStart = this.#gatherEnd = this.#end;
    }
    if (this.#connections.isQueueing[connection] === 1) {
      if (!this.#queues.hasRoom(connection, this.#gatherEnd - this.#gatherStart + size)) {
        this.#stats.overfullQueues++;
        this.#reserved = 0;
        return -1;
      }
    }
    this.#reservedAt = this.#end;
    this.#reserved = size;
    return this.#end;
  }

  /** See `Engine.commit`. */
  commit(connection: number, size: number): void {
    assert(size <= this.#reserved || size === 0, "a commit follows its reservation");
    this.#reserved = 0;
    if (connection !== this.#gatherConnection || this.#gatherEnd !== this.#reservedAt) {
      // Something was submitted between the two calls.
      this.flush();
      this.#gatherConnection = connection;
      this.#gatherStart = this.#reservedAt;
    }
    this.#gatherEnd = this.#end = this.#reservedAt + size;
  }

  queuedBytes(connection: number): number {
    return this.#queues.bytesOf(connection);
  }

  /** Whether the kernel has taken everything that was committed to a connection. */
  isAllOut(connection: number): boolean {
    return this.#connections.isQueueing[connection] === 0 &&
      this.#connections.sentInBatch[connection] !== this.#batch;
  }

  /** Makes a send of what was gathered for a connection, or adds it to its queue. */
  flush(): void {
    const connection = this.#gatherConnection;
    if (connection < 0) return;
    this.#gatherConnection = -1;
    const start = this.#gatherStart;
    const size = this.#gatherEnd - start;
    const { sentInBatch, isQueueing } = this.#connections;
    if (size === 0 || !this.#connections.isSending(connection)) return;
    if (isQueueing[connection] === 0 && sentInBatch[connection] === this.#batch) {
      this.#rings.submitAll();
      // The batch is over, but these bytes still lie where it began anew.
      this.#end = Math.max(this.#end, start + size);
      if (!this.#connections.isSending(connection)) return;
    }
    if (isQueueing[connection] === 1) {
      this.#queues.push(connection, this.output.bytes, start, start + size);
      return;
    }
    const submissions = this.#rings.to(connection);
    this.#end = Math.max(this.#end, start + size);
    sentInBatch[connection] = this.#batch;
    submissions.send(connection, this.#memory.address + start, size, Kind.send);
  }

  /** The socket has room: sends from the connection's queue. */
  sendQueued(connection: number): void {
    this.flush();
    if (this.#end + SEND_BYTES > OUTPUT_BYTES) this.#rings.submitAll();
    const submissions = this.#rings.to(connection);
    const waiting = this.#queues.peek(connection);
    const size = Math.min(waiting.length, SEND_BYTES);
    this.output.bytes.set(waiting.subarray(0, size), this.#end);
    submissions.send(connection, this.#memory.address + this.#end, size, Kind.queueSend);
    this.#connections.inFlight[connection]++;
    this.#end += size;
  }

  /** Looks at how the sends of the last enter went, before anything more is sent. */
  takeResults(ring: UringRing): void {
    const { words, fresh, tail, mask } = ring.completions;
    for (let i = fresh; i !== tail; i = (i + 1) | 0) {
      const at = (i & mask) << 2;
      const data = words[at];
      const kind = kindOf(data);
      if (kind === Kind.send) {
        this.#keepRest(ring.submissions, connectionOf(data), words[at + 1], words[at + 2]);
      } else if (kind === Kind.queueSend) this.#countSent(connectionOf(data), words[at + 2]);
    }
    // Acting on them writes entries, which may have to be submitted in between: so it comes after looking.
    if (this.#unsettled.length > 0 && !this.#isSettling) this.#settle();
  }

  /** All memory can be used again, except for what is reserved or being gathered. */
  startBatch(): void {
    this.#batch = (this.#batch + 1) | 0;
    this.#end = 0;
    if (this.#gatherConnection >= 0) this.#end = this.#gatherEnd;
    if (this.#reserved > 0) this.#end = this.#reservedAt;
  }

  /** The connection is gone, and what it had still to send with it. */
  forget(connection: number): void {
    if (connection === this.#gatherConnection) this.#gatherConnection = -1;
    this.#queues.clear(connection);
    this.#connections.isQueueing[connection] = 0;
  }

  unmap(): void {
    this.#memory.unmap();
  }

  /** A send was taken in part, or not at all: the rest waits until there is room. */
  #keepRest(entered: Submissions, connection: number, note: number, result: number): void {
    const { state } = this.#connections;
    if (state[connection] === State.leaving || state[connection] === State.free) return;
    if (result < 0 && !isForNow(-result)) return void this.#unsettled.push(connection, -result);
    const start = (entered.sentAddressLow(note) - this.#memory.address) | 0;
    const size = entered.sentSize(note);
    this.#stats.queuedSends++;
    this.#queues.push(connection, this.output.bytes, start + Math.max(0, result), start + size);
    this.#connections.isQueueing[connection] = 1;
    this.#unsettled.push(connection, 0);
  }

  #countSent(connection: number, result: number): void {
    this.#connections.inFlight[connection]--;
    const isFailed = result < 0 && !isForNow(-result);
    if (!isFailed) this.#queues.advance(connection, Math.max(0, result));
    this.#unsettled.push(connection, isFailed ? -result : 0);
  }

  #settle(): void {
    this.#isSettling = true;
    for (let i = 0; i < this.#unsettled.length; i += 2) {
      const connection = this.#unsettled[i];
      const code = this.#unsettled[i + 1];
      if (this.#connections.state[connection] === State.leaving || code !== 0) {
        this.#owner.onSendFailed(connection, code);
      } else if (this.#queues.bytesOf(connection) > 0) {
        this.#connections.inFlight[connection]++;
        this.#rings.to(connection).awaitWritable(connection, this.#connections.generation[connection]);
      } else {
        this.#connections.isQueueing[connection] = 0;
        this.#owner.onQueueEmpty(connection);
      }
    }
    this.#unsettled.length = 0;
    this.#isSettling = false;
  }
}

/** The kernel can take it later. */
function isForNow(code: number): boolean {
  return code === posix.EAGAIN || code === posix.EINTR || code === posix.ENOBUFS;
}
