import { Deadlines } from "./deadlines.ts";
import { type HttpAnswer, HttpConnection } from "./http_connection.ts";

/** Why there is no answer. */
export interface NoAnswer {
  readonly failure: string;
  /** A part of the request may have been heard; else surely nothing of it was. */
  readonly wasSent: boolean;
}

export interface HttpConnectionsOptions {
  readonly url: URL;
  /** Certificates in PEM of who else may vouch for the server. */
  readonly caCerts?: readonly string[] | undefined;
  /** Connections that are kept between requests. */
  readonly most: number;
  readonly maxBodyBytes: number;
  /** How long a request may take, its connection included, in ms. */
  readonly timeoutMs: number;
}

/**
 * Connections to one server. Nothing is sent a second time by itself, redirects are followed nowhere, and over TLS
 * nothing is sent before the server's certificate is proven.
 */
export class HttpConnections {
  readonly #options: HttpConnectionsOptions;
  readonly #deadlines: Deadlines;
  readonly #all = new Set<HttpConnection>();
  /** Those that nobody uses now; who was used last is used next, so that the others may be closed by their server. */
  #idle: HttpConnection[] = [];

  #isClosed = false;

  constructor(options: HttpConnectionsOptions) {
    this.#options = options;
    this.#deadlines = new Deadlines(options.timeoutMs);
  }

  /** Sends a request, whole as it goes over the wire. */
  async ask(request: Uint8Array): Promise<HttpAnswer | NoAnswer> {
    const { timeoutMs } = this.#options;
    const tooLate = `no answer within ${timeoutMs} ms`;
    const { promise: late, resolve } = Promise.withResolvers<undefined>();
    let connection = this.#takeIdle();
    let wasSent = false;
    let isLate = false;
    const cancel = this.#deadlines.begin(() => {
      isLate = true;
      connection?.close(tooLate);
      resolve(undefined);
    });
    try {
      if (connection === undefined) {
        const dialing = this.#dial();
        connection = await Promise.race([dialing, late]);
        if (connection === undefined) {
          dialing.then((dialed) => this.#release(dialed), () => {});
        }
      }
      // Nobody would end a call that begins now.
      if (connection === undefined || isLate) return { failure: tooLate, wasSent };
      wasSent = true;
      return await connection.ask(request);
    } catch (error) {
      return { failure: error instanceof Error ? error.message : String(error), wasSent };
    } finally {
      cancel();
      if (connection !== undefined) this.#release(connection);
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const connection of this.#all) connection.close();
    this.#all.clear();
    this.#idle = [];
  }

  #takeIdle(): HttpConnection | undefined {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (idle.isOpen) return idle;
      this.#all.delete(idle);
    }
    return undefined;
  }

  #release(connection: HttpConnection): void {
    const isKept = connection.isOpen && !this.#isClosed;
    if (isKept && this.#idle.length < this.#options.most) return void this.#idle.push(connection);
    connection.close();
    this.#all.delete(connection);
  }

  async #dial(): Promise<HttpConnection> {
    const { url, caCerts, maxBodyBytes } = this.#options;
    const isTls = url.protocol === "https:";
    const hostname = url.hostname.replace(/^\[|\]$/g, "");
    const port = url.port === "" ? (isTls ? 443 : 80) : Number(url.port);
    const wire = isTls
      ? await provenTls({ hostname, port, ...(caCerts === undefined ? {} : { caCerts: [...caCerts] }) })
      : await Deno.connect({ hostname, port });
    const connection = new HttpConnection(wire, maxBodyBytes);
    this.#all.add(connection);
    return connection;
  }
}

/** A request would go out with the handshake otherwise, to whoever is there. */
async function provenTls(options: Deno.ConnectTlsOptions): Promise<Deno.TlsConn> {
  const connection = await Deno.connectTls(options);
  try {
    await connection.handshake();
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}
