import { askTarget, tokenHeader } from "../../admin/bearer.ts";
import { TOKEN_VARIABLE } from "../../admin/serve.ts";
import { isLoopbackHost } from "../../admin/host_name.ts";
import { UserError } from "../../base/user_error.ts";
import type { Host } from "../../cli/host.ts";
import { BYTES_HEADER } from "./seed_service.ts";
import type { SeedState } from "./seed_store.ts";

/** How long a piece may take, in ms. */
const ANSWER_MS = 60_000;

/** The depot can't be reached, or doesn't answer as one: try again later. */
export class DepotAway extends Error {
  override name = "DepotAway";
}

/** Brings seed files to a depot, and fetches them. */
export class DepotClient {
  readonly place: string;
  readonly #base: string;
  readonly #headers: Record<string, string>;

  /**
   * @param flag what named the address, for messages
   * @throws UserError if the token would go over a network as it is
   */
  constructor(host: Pick<Host, "env">, address: string, flag: string) {
    const url = URL.parse(address);
    const isHere = url !== null && isLoopbackHost(url.hostname);
    const isPlain = url !== null && url.search === "" && url.hash === "" && url.username === "";
    if (!isPlain || !(url.protocol === "https:" || (url.protocol === "http:" && isHere))) {
      throw new UserError(`${flag} ${address}: must be https://..., or http:// on this machine`);
    }
    this.place = url.href;
    this.#base = url.href.replace(/\/+$/, "") + "/seeds";
    this.#headers = tokenHeader(host.env(TOKEN_VARIABLE));
  }

  async state(hash: string): Promise<SeedState> {
    return await (await this.#ask(`/${hash}/state`)).json() as SeedState;
  }

  /** Brings a piece; returns what is there then. @throws UserError if the depot won't have the file */
  async put(hash: string, at: number, piece: Uint8Array<ArrayBuffer>, total: number): Promise<SeedState> {
    return await (await this.#ask(`/${hash}?at=${at}&of=${total}`, piece)).json() as SeedState;
  }

  /** A piece, and how many bytes the whole file has. */
  async piece(hash: string, at: number): Promise<{ bytes: Uint8Array<ArrayBuffer>; total: number }> {
    const response = await this.#ask(`/${hash}?at=${at}`);
    return {
      bytes: new Uint8Array(await response.arrayBuffer()),
      total: Number(response.headers.get(BYTES_HEADER)),
    };
  }

  /** As it is signed; undefined if the depot has none. */
  async manifest(): Promise<string | undefined> {
    const response = await this.#ask("/manifest", undefined, [404]);
    const text = await response.text();
    return response.status === 404 ? undefined : text;
  }

  /** False if somebody else has brought one in between. */
  async putManifest(text: string): Promise<boolean> {
    const response = await this.#ask("/manifest", new TextEncoder().encode(text), [409]);
    await response.body?.cancel();
    return response.status !== 409;
  }

  async #ask(path: string, body?: Uint8Array<ArrayBuffer>, more: readonly number[] = []): Promise<Response> {
    let response: Response;
    try {
      response = await askTarget(this.#base + path, {
        method: body === undefined ? "GET" : "PUT",
        headers: {
          ...this.#headers,
          ...(body === undefined ? {} : { "content-type": "application/octet-stream" }),
        },
        ...(body === undefined ? {} : { body }),
        signal: AbortSignal.timeout(ANSWER_MS),
      });
    } catch (error) {
      throw new DepotAway(`${this.place}: ${(error as Error).message}`);
    }
    if (response.ok || more.includes(response.status)) return response;
    const said = await response.text().catch(() => "");
    const why = `${this.place}: answers ${response.status}: ${wordsIn(said)}`;
    throw response.status >= 500 || response.status === 404 ? new DepotAway(why) : new UserError(why);
  }
}

function wordsIn(text: string): string {
  try {
    return String((JSON.parse(text) as { errors: unknown[] }).errors[0]).slice(0, 300);
  } catch {
    return text.slice(0, 100);
  }
}
