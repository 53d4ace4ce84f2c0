import { WHO_HEADER } from "../admin/action.ts";
import { after, sleep } from "../base/clock.ts";
import { ExitCode, UserError } from "../base/user_error.ts";
import type { Host } from "../cli/host.ts";
import { Child } from "../rehearse/stage/child.ts";
import { PORT_TAKEN } from "../engine/common/not_bound.ts";
import { LEDGER_TAKEN } from "../ledger/disk/directory_lock.ts";
import { HeldPort } from "../rehearse/stage/held_port.ts";
import type { WaveStatus } from "./state/evening.ts";

/** A server that ends so soon after its start has a reason that another start won't change. */
const SOON_MS = 5_000;
const MOST_SOON_ENDS = 5;
const AGAIN_MS = 300;
const MOST_STARTS = 30;
const STOP_MS = 30_000;

/**
 * The server of a party, a process of its own: whatever happens to it, the party starts it again on the same port, and
 * the ledger knows what it had given.
 */
export class PartyServer {
  /** What ends the party: the server can't be had any more. */
  readonly failed: Promise<UserError>;
  readonly #host: Host;
  readonly #flags: readonly string[];
  readonly #heldPort = HeldPort.take();
  readonly #tell: (what: string) => void;
  #fail: (error: UserError) => void;
  #child: Child | undefined;
  #isUp = false;
  #isStopping = false;
  #starts = 0;

  /** @param tell called with a line for people when the server has ended by itself, and when it is back */
  constructor(host: Host, flags: readonly string[], tell: (what: string) => void) {
    this.#host = host;
    this.#flags = flags;
    this.#tell = tell;
    const { promise, resolve } = Promise.withResolvers<UserError>();
    this.failed = promise;
    this.#fail = resolve;
  }

  get port(): number {
    return this.#heldPort.port;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** How often it has been started. */
  get starts(): number {
    return this.#starts;
  }

  /** @throws UserError in the server's own words if it doesn't start */
  async start(): Promise<void> {
    for (let tries = 1;; tries++) {
      try {
        await this.#begin();
        break;
      } catch (error) {
        // The server of a party that was killed a moment ago may still be ending.
        const isBusy = error instanceof UserError &&
          [PORT_TAKEN, LEDGER_TAKEN].some((why) => error.message.includes(why));
        if (!isBusy || tries === MOST_STARTS) throw error;
        await sleep(AGAIN_MS);
      }
    }
    void this.#watch();
  }

  /** The waves in the order of the plan; undefined while the server can't say. */
  async waves(): Promise<readonly WaveStatus[] | undefined> {
    if (!this.#isUp) return undefined;
    try {
      return await this.#child!.request("GET", "/waves");
    } catch {
      return undefined;
    }
  }

  /**
   * Changes a wave.
   *
   * @param key names the change, so that it is made once however often it is asked for
   * @throws Error in the server's own words if it refuses
   */
  async change(
    action: "move" | "pause" | "resume" | "stop",
    body: { readonly wave: string; readonly inS?: number; readonly start?: string },
    key?: string,
  ): Promise<void> {
    if (!this.#isUp) throw new Error("the server is starting: try again in a moment");
    await this.#child!.request("POST", `/waves/${action}`, body, {
      [WHO_HEADER]: "host of the party",
      ...(key === undefined ? {} : { "idempotency-key": key }),
    });
  }

  /** Ends it in good order: winners get their answers. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#isUp = false;
    await this.#child?.stop(STOP_MS);
    this.#heldPort[Symbol.dispose]();
  }

  async #begin(): Promise<void> {
    this.#starts++;
    const child = this.#child = new Child(this.#host, [
      "server",
      ...["--host", "127.0.0.1", "--port", String(this.port), "--admin", "127.0.0.1:0", "--workers", "1"],
      // A person shakes twice a second at most.
      ...["--set", "throttle.connectionPerS=5", "--set", "throttle.connectionBurst=25"],
      ...this.#flags,
    ]);
    await child.started("listening", "admin");
    while (!await child.isReady().catch(() => false)) {
      if (child.hasEnded) throw new UserError(await child.ending());
      await sleep(20);
    }
    this.#isUp = true;
  }

  /** Starts it again for as long as the party goes on. */
  async #watch(): Promise<void> {
    let soonEnds = 0;
    while (!this.#isStopping) {
      const { clock } = this.#host;
      const startMs = clock.monotonicMs();
      const why = await this.#child!.ending();
      this.#isUp = false;
      if (this.#isStopping) return;
      soonEnds = clock.monotonicMs() - startMs < SOON_MS ? soonEnds + 1 : 0;
      if (soonEnds > MOST_SOON_ENDS) {
        return this.#fail(
          new UserError(`${why}\nThe party can go on: redpkt party starts it again`, ExitCode.workerDied),
        );
      }
      this.#tell(`${why}. It is started again`);
      await new Promise<void>((resolve) => after(AGAIN_MS * soonEnds, resolve));
      if (this.#isStopping) return;
      try {
        await this.#begin();
        this.#tell("the server is back");
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
      }
    }
  }
}
