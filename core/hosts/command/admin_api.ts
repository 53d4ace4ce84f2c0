import { z } from "zod";
import { askTarget, tokenHeader } from "../../admin/bearer.ts";
import { UserError } from "../../base/user_error.ts";

const ANSWER_MS = 5_000;
const health = z.object({ users: z.number(), uptimeS: z.number() });
const moved = z.object({ users: z.number() });

/** What a drain asks of servers' admin APIs. */
export class AdminApi {
  readonly #headers: Record<string, string>;

  constructor(token: string | undefined) {
    this.#headers = { "content-type": "application/json", ...tokenHeader(token) };
  }

  /** Begins to move the users away; returns how many there are. */
  async move(admin: string, perS: number, cluster: boolean): Promise<{ users: number }> {
    return moved.parse(await this.#post(admin, "/move", { perS, cluster }));
  }

  /** Users who are still there; 0 if the host is gone. */
  async users(admin: string): Promise<number> {
    return (await this.#health(admin))?.users ?? 0;
  }

  async stop(admin: string): Promise<void> {
    await this.#post(admin, "/drain", undefined);
  }

  /** Whether the process is still there after it was told to stop. */
  async isStopping(admin: string): Promise<boolean> {
    const response = await this.#get(admin, "/health");
    const text = await response?.text();
    return text !== undefined && text.includes('"draining"');
  }

  async isReady(admin: string): Promise<boolean> {
    const response = await this.#get(admin, "/ready");
    await response?.body?.cancel();
    return response?.ok ?? false;
  }

  /** When the process was started, by the clock that `nowMs` is of, to the second; undefined if it doesn't answer. */
  async startedMs(admin: string, nowMs: number): Promise<number | undefined> {
    const found = await this.#health(admin);
    return found && nowMs - (found.uptimeS + 1) * 1000;
  }

  async #health(admin: string): Promise<z.infer<typeof health> | undefined> {
    const response = await this.#get(admin, "/health");
    if (response === undefined) return undefined;
    if (!response.ok) {
      await response.body?.cancel();
      throw new UserError(`${admin}: answers ${response.status}. Is REDPKT_TOKEN its token?`);
    }
    return health.parse(await response.json());
  }

  async #get(admin: string, path: string): Promise<Response | undefined> {
    try {
      return await askTarget(`http://${admin}${path}`, {
        headers: this.#headers,
        signal: AbortSignal.timeout(ANSWER_MS),
      });
    } catch {
      return undefined; // it is gone, or not there yet
    }
  }

  async #post(admin: string, path: string, body: unknown): Promise<unknown> {
    let response: Response;
    try {
      response = await askTarget(`http://${admin}${path}`, {
        method: "POST",
        headers: this.#headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(ANSWER_MS),
      });
    } catch (error) {
      throw new UserError(
        `${admin}: doesn't answer: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    const text = await response.text();
    if (response.ok) return JSON.parse(text);
    throw new UserError(`${admin}: answers ${response.status} to ${path}: ${text.slice(0, 200)}`);
  }
}
