import type { Clock } from "../../base/clock.ts";
import { EAGAIN, SOCK_NONBLOCK } from "../../os/posix.ts";
import { AcceptMode, type EngineStats } from "../common/engine.ts";
import {
  ACCEPT_REST_MS,
  ACCEPTS_PER_PASS,
  isPeersFault,
  ListeningSocket,
} from "../common/listening_socket.ts";
import type { Slots } from "../common/slots.ts";
import { EPOLLEXCLUSIVE, EPOLLIN, type EpollSet, FIRST_TAG } from "./epoll_set.ts";

export const LISTENER_TAG = FIRST_TAG;

/** Takes peers for the epoll engine: the listening socket is watched only while a peer could be taken. */
export class EpollAcceptor {
  mode: AcceptMode = AcceptMode.paused;
  /** Peers to take at most until this is set anew. */
  acceptsLeft = Infinity;
  /** Monotonic time before which nothing is tried. */
  restUntilMs = 0;
  readonly #set: EpollSet;
  readonly #slots: Slots;
  readonly #stats: EngineStats;
  readonly #clock: Clock;
  readonly #socket = new ListeningSocket();
  #isArmed = false;

  constructor(set: EpollSet, slots: Slots, stats: EngineStats, clock: Clock) {
    this.#set = set;
    this.#slots = slots;
    this.#stats = stats;
    this.#clock = clock;
  }

  listen(fd: number): void {
    this.#socket.fd = fd;
  }

  /** Before a wait. */
  arm(nowMs: number): void {
    if (this.#socket.fd < 0) return;
    const isWanted = this.#hasRoom && this.acceptsLeft >= 1 && nowMs >= this.restUntilMs;
    if (isWanted === this.#isArmed) return;
    this.#isArmed = isWanted;
    if (isWanted) this.#set.addTag(LISTENER_TAG, this.#socket.fd, EPOLLIN | EPOLLEXCLUSIVE);
    else this.#set.removeTag(this.#socket.fd);
  }

  /** The listening socket has news: takes or refuses peers. */
  accept(take: (fd: number, peerAddress: number) => void): void {
    for (let i = 0; i < ACCEPTS_PER_PASS && this.#hasRoom && this.acceptsLeft >= 1; i++) {
      const isRefusing = this.mode === AcceptMode.refuse;
      const result = isRefusing ? this.#socket.refuse() : this.#socket.accept(SOCK_NONBLOCK);
      if (result < 0) {
        if (isPeersFault(-result)) continue;
        if (result !== -EAGAIN) this.#rest();
        return;
      }
      if (isRefusing) this.#stats.refusedPeers++;
      else {
        this.acceptsLeft--;
        take(result, this.#socket.peerAddress);
      }
    }
  }

  unmap(): void {
    this.#socket.unmap();
  }

  get #hasRoom(): boolean {
    return this.mode === AcceptMode.refuse || (this.mode === AcceptMode.open && this.#slots.free > 0);
  }

  #rest(): void {
    this.#stats.failedAccepts++;
    this.restUntilMs = this.#clock.monotonicMs() + ACCEPT_REST_MS;
  }
}
