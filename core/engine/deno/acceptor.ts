import { ACCEPT_REST_MS } from "../common/listening_socket.ts";
import type { Waker } from "../../threads/waker.ts";
import type { Clock } from "../../base/clock.ts";
import { nextTurn } from "../../base/event_loop.ts";
import { AcceptMode, type EngineStats } from "../common/engine.ts";
import { type BindProblem, notBound } from "../common/not_bound.ts";

/** Read from a peer that is turned away. */
const REFUSED_READ_BYTES = 512;

/** What an acceptor needs of its engine. */
export interface AcceptorOwner {
  readonly stats: EngineStats;
  readonly clock: Clock;
  /** Used when an accept has failed, so that the engine looks when to try again. */
  readonly waker: Waker;
  /** Whether a connection number is free. */
  hasRoom(): boolean;
  /** Makes the socket a connection. False if no number was free after all. */
  take(socket: Deno.TcpConn): boolean;
}

/**
 * The listening half of the `deno` engine. One accept is under way at a time, and none while nobody can be taken: peers
 * then wait in the kernel's backlog, but for the one whose accept had begun before, who waits here.
 */
export class DenoAcceptor {
  mode: AcceptMode = AcceptMode.paused;
  /** No accept is tried before this time. */
  restUntilMs = 0;
  readonly #owner: AcceptorOwner;
  #listener: Deno.TcpListener | undefined;
  #isAccepting = false;
  #knocking: Deno.TcpConn | undefined;
  #isShut = false;

  constructor(owner: AcceptorOwner) {
    this.#owner = owner;
  }

  /**
   * @returns the bound port
   * @throws UserError if the address can't be had
   */
  listen(hostname: string, port: number): number {
    try {
      this.#listener = Deno.listen({ hostname, port });
    } catch (error) {
      throw notBound(
        problemOf(error),
        hostname,
        port,
        error instanceof Error ? error.message : String(error),
      );
    }
    this.mode = AcceptMode.open;
    return this.#listener.addr.port;
  }

  /** Asks for the next peer if there is room; a peer that can't be taken now stays, and no other is asked for. */
  accept(nowMs: number): void {
    if (this.mode === AcceptMode.paused || this.#listener === undefined) return;
    if (this.#knocking !== undefined) this.#admit(this.#knocking);
    if (this.#isAccepting || this.#knocking !== undefined) return;
    if (this.mode === AcceptMode.open && !this.#owner.hasRoom()) return;
    if (nowMs < this.restUntilMs) return;
    this.#isAccepting = true;
    this.#listener.accept().then(
      (socket) => {
        this.#isAccepting = false;
        if (this.#isShut) return socket.close();
        this.#admit(socket);
        this.accept(this.#owner.clock.monotonicMs());
      },
      () => {
        this.#isAccepting = false;
        if (this.#isShut) return;
        this.#owner.stats.failedAccepts++;
        this.restUntilMs = this.#owner.clock.monotonicMs() + ACCEPT_REST_MS;
        this.#owner.waker.wake();
      },
    );
  }

  shutdown(): void {
    this.#isShut = true;
    this.#listener?.close();
    this.#knocking?.close();
  }

  #admit(socket: Deno.TcpConn): void {
    this.#knocking = undefined;
    if (this.mode === AcceptMode.refuse) return void this.#refuse(socket);
    if (this.mode === AcceptMode.paused || !this.#owner.take(socket)) this.#knocking = socket;
  }

  /** Ends a peer for whom there is no room. What it sent already is read, or the kernel would answer with a reset. */
  async #refuse(socket: Deno.TcpConn): Promise<void> {
    this.#owner.stats.refusedPeers++;
    const ended = socket.closeWrite().catch(ignore);
    const read = socket.read(new Uint8Array(REFUSED_READ_BYTES)).catch(ignore);
    await Promise.race([Promise.all([ended, read]), nextTurn().then(nextTurn)]);
    socket.close();
  }
}

function ignore(): void {}

function problemOf(error: unknown): BindProblem | undefined {
  if (error instanceof Deno.errors.AddrInUse) return "taken";
  if (error instanceof Deno.errors.AddrNotAvailable) return "absent";
  return error instanceof Deno.errors.PermissionDenied ? "forbidden" : undefined;
}
