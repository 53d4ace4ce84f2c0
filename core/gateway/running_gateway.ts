import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { type HttpLimits, type RunningHttp, serveHttp, type TlsPair } from "../admin/http_server.ts";
import { problem } from "../admin/problem.ts";
import type { HttpAddress } from "../admin/serve.ts";
import { after, type Clock, every, sleep } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import { UserError } from "../base/user_error.ts";
import { Counters, MetricLayout } from "../counters/counters.ts";
import { openEngine } from "../engine/choose.ts";
import type { Engine, EngineName } from "../engine/common/engine.ts";
import { parseAddress } from "../os/address.ts";
import { Door, doorMetrics, type DoorPlugin } from "../plugin/doors.ts";
import { Waker } from "../threads/waker.ts";
import { CloseCode } from "../wire/codes.ts";
import { addressNumber } from "./door/address_number.ts";
import { handshakeAnswer, handshakeProblem, handshakeRefusal } from "./door/handshake.ts";
import { isOriginAllowed } from "./door/origins.ts";
import { GATEWAY_METRICS, type GatewayMetric } from "./relay/metrics.ts";
import { Relay, type RelayLimits, type RelayWatch } from "./relay/relay.ts";
import type { DialedHosts } from "../hosts/order/dialed_hosts.ts";
import { ServerHosts } from "./relay/server_hosts.ts";

/** Answers requests that aren't WebSockets, such as for a page. */
export type PageServer = (request: Request, from: string) => Response | Promise<Response>;

export interface GatewayOptions {
  readonly listen: HttpAddress;
  /** With it TLS is spoken. */
  readonly tls?: TlsPair | undefined;
  readonly servers: DialedHosts;
  readonly engine: EngineName;
  /** Most WebSockets at once. */
  readonly capacity: number;
  readonly limits: RelayLimits;
  /** Origins of pages that may connect besides this gateway's own; `*` for all. */
  readonly origins: readonly string[];
  /** What plugins say of who comes, before any server hears of them. */
  readonly doorPlugins: readonly DoorPlugin[];
  /** Servers are told of clients by the PROXY protocol. */
  readonly sendsProxyProtocol: boolean;
  /** What else is served on the same port; nothing if absent. */
  readonly serve?: PageServer;
  /** Streams of events at once that `serve` may answer with; 512 if absent. */
  readonly streams?: number;
  /** Told of users. */
  readonly watch?: RelayWatch;
  readonly clock: Clock;
  readonly random: Random;
}

/** Between two looks at the servers' side: while something happens there, while it is quiet, and without users, in ms. */
const BUSY_MS = 1;
const QUIET_MS = 4;
const EMPTY_MS = 50;
const LOOK_MS = 1_000;
/** How often some users are told that the gateway stops. */
const DRAIN_STEP_MS = 50;
/** How long last messages may take to leave. */
const FAREWELL_MS = 500;
/** For who asks for pages, or is about to be a WebSocket. */
const HTTP_LIMITS: HttpLimits = { connections: 2_048, streams: 512, requestMs: 10_000, readMs: 20_000 };

/** Descriptors that a gateway needs besides those of its WebSockets. */
export const GATEWAY_DESCRIPTORS = HTTP_LIMITS.connections + 400;

/** A gateway: WebSockets on one side, servers on the other. It keeps nothing of its users. */
export class RunningGateway {
  readonly counters: Counters;
  readonly hosts: ServerHosts;
  readonly relay: Relay;
  isDraining = false;
  readonly #options: GatewayOptions;
  readonly #engine: Engine;
  readonly #door: Door;
  readonly #origins: ReadonlySet<string>;
  #http!: RunningHttp;
  #endLook = () => {};
  #isOver = false;

  private constructor(options: GatewayOptions) {
    const { clock, servers, random, engine, capacity, limits, doorPlugins, listen } = options;
    this.#options = options;
    const layout = new MetricLayout({ ...GATEWAY_METRICS, ...doorMetrics(doorPlugins) });
    this.counters = new Counters(layout, 1);
    const block = this.counters.block(0);
    this.#door = new Door(doorPlugins, (metric) => block[layout.handle(metric)]++);
    this.hosts = new ServerHosts(servers, random);
    this.#engine = openEngine(engine, {
      // Connections that are being closed have their number for a while.
      capacity: capacity + Math.ceil(capacity / 8) + 16,
      clock,
      waker: new Waker(),
    });
    this.#origins = new Set(options.origins);
    this.relay = new Relay({
      engine: this.#engine,
      clock,
      counters: this.counters,
      hosts: this.hosts,
      limits,
      door: this.#door,
      proxiedTo: options.sendsProxyProtocol
        ? { address: parseAddress(listen.hostname) ?? 0, port: listen.port }
        : undefined,
      watch: options.watch,
    });
  }

  /** @throws UserError if the address can't be had */
  static async start(options: GatewayOptions): Promise<RunningGateway> {
    const gateway = new RunningGateway(options);
    await gateway.#listen();
    gateway.#endLook = every(LOOK_MS, () => gateway.relay.look());
    gateway.#turn();
    return gateway;
  }

  get address(): HttpAddress {
    return this.#http.address;
  }

  /** New connections are shown this certificate. */
  renew(tls: TlsPair): void {
    this.#http.renew(tls);
    this.relay.count("tlsReloads");
  }

  /** Takes nobody new, tells everybody to go elsewhere, spread over some time, and stops. */
  async drain(mostMs: number): Promise<void> {
    this.isDraining = true;
    const steps = Math.max(1, Math.floor(mostMs / DRAIN_STEP_MS));
    const perStep = Math.ceil(this.relay.size / steps);
    while (this.relay.closeSome(perStep, CloseCode.draining)) await sleep(DRAIN_STEP_MS);
    const untilMs = this.#options.clock.monotonicMs() + FAREWELL_MS;
    while (this.relay.size > 0 && this.#options.clock.monotonicMs() < untilMs) await sleep(DRAIN_STEP_MS);
    await this.stop();
  }

  /** Ends everything at once. */
  async stop(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#endLook();
    this.relay.destroyAll();
    await this.#http.stop();
    this.#engine.shutdown();
  }

  async #listen(): Promise<void> {
    const { listen, tls, serve, streams = HTTP_LIMITS.streams } = this.#options;
    const service = {
      guard: () => undefined,
      fetch: (request: Request, from = "") =>
        serve?.(request, from) ?? problem(426, "this is a gateway: connect with a WebSocket"),
      count: (metric: GatewayMetric) => this.relay.count(metric),
    };
    const more = {
      tls,
      upgrade: (request: IncomingMessage, socket: Socket, head: Uint8Array) =>
        this.#upgrade(request, socket, head),
    };
    try {
      this.#http = await serveHttp(listen, service, { ...HTTP_LIMITS, streams }, more);
    } catch (error) {
      const { code, message } = error as Error & { code?: string };
      const why = code === "EADDRINUSE" ? "the port is taken" : message;
      throw new UserError(`Cannot listen on ${listen.hostname}:${listen.port}: ${why}. Choose with --listen`);
    }
  }

  /** The servers' side has no event loop of its own: it is looked at often, and all that has come is read at once. */
  async #turn(): Promise<void> {
    if (this.#isOver) return;
    await this.#engine.poll(0);
    const waitMs = this.relay.isBusy ? BUSY_MS : this.relay.size > 0 ? QUIET_MS : EMPTY_MS;
    this.relay.isBusy = false;
    after(waitMs, () => void this.#turn());
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Uint8Array): void {
    const { headers, method = "" } = request;
    const address = addressNumber(socket.remoteAddress ?? "");
    const refuse = (metric: GatewayMetric, status: number, why: string, retryMs = 0) => {
      this.relay.count(metric);
      socket.on("error", () => socket.destroy());
      socket.end(handshakeRefusal(status, why, Math.ceil(retryMs / 1_000)), () => socket.destroy());
    };
    const wrong = handshakeProblem(method, headers);
    if (wrong !== undefined) return refuse("refusedHandshake", 400, wrong);
    if (this.isDraining) {
      return refuse("refusedDraining", 503, "this gateway is about to stop: go to another", LOOK_MS);
    }
    if (!isOriginAllowed(headers.origin, headers.host, this.#origins)) {
      return refuse("refusedOrigin", 403, "a page of this origin may not connect: see --allow-origin");
    }
    const waitMs = this.#door.connect(address, this.#options.clock.monotonicMs());
    if (waitMs > 0) return refuse("refusedRate", 429, "too many connections: come again", waitMs);
    if (this.relay.size >= this.#options.capacity) {
      return refuse("refusedFull", 503, "no place left: go to another gateway", LOOK_MS);
    }
    socket.write(handshakeAnswer(headers["sec-websocket-key"]!));
    this.relay.join(socket, address, head);
  }
}
