import { isSameSecret } from "../../admin/bearer.ts";
import type { Clock } from "../../base/clock.ts";
import type { WonPacket } from "../../phone/page/party_news.ts";
import type { HostOrder, HostView } from "../../phone/wall/host_view.ts";
import { HOST_ORDERS } from "../../phone/wall/host_view.ts";
import type { Tokens } from "../../token/token.ts";
import type { PageFiles } from "../resources/kept_pages.ts";
import type { Evening } from "../state/evening.ts";
import type { Guests } from "../state/guests.ts";
import type { Party } from "../state/party_folder.ts";
import type { Presence } from "../state/presence.ts";
import type { Wins } from "../state/wins.ts";
import { HttpWires } from "./http_wires.ts";
import { NewsStreams } from "./news_streams.ts";
import { pageAt, pageResponse } from "./pages.ts";
import { SponsorFiles } from "./sponsor_files.ts";

const MOST_BODY_BYTES = 2_048;
/** How long a guest's token is good: longer than anybody comes back to see what they won. */
const TOKEN_MS = 400 * 86_400_000;
const MOST_LATEST = 40;

export interface SiteParts {
  readonly clock: Clock;
  readonly party: Party;
  readonly evening: Evening;
  readonly guests: Guests;
  readonly wins: Wins;
  readonly presence: Presence;
  readonly tokens: Tokens;
  /** Of the server on this machine. */
  readonly serverPort: number;
  /** 0 for whoever may ask for a token from this address, else when they may come again, in ms. */
  readonly tokenWaitMs: (address: string) => number;
  readonly joinUrl: string;
  readonly qrSvg: string;
  /** What phones may show. */
  readonly pages: PageFiles;
  /** Carries out an order of the host; throws with words for them if it can't be. */
  order(order: HostOrder): Promise<void>;
  trouble(): string;
}

/** What answers over HTTP at a party: pages for guests, wall and host, the door, and the news. */
export class Site {
  readonly #parts: SiteParts;
  readonly #streams: NewsStreams;
  readonly #sponsorFiles: SponsorFiles;
  readonly #wires: HttpWires;

  constructor(parts: SiteParts) {
    this.#parts = parts;
    // A guest may have a phone and a forgotten tab.
    const most = parts.party.plan.guests * 3 + 50;
    this.#streams = new NewsStreams(most);
    this.#sponsorFiles = new SponsorFiles(parts.pages, () => parts.evening.isIdle(parts.clock.wallMs()));
    this.#wires = new HttpWires(parts.serverPort, most, parts.presence);
  }

  /** @param address where the request comes from */
  async fetch(request: Request, address: string): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (!isOwn(request)) return refused(403, "a page of another site may not ask this one");
    if (request.method === "GET") {
      const page = pageAt(pathname);
      if (page !== undefined) return pageResponse(page, request);
      const sha256 = /^\/resource\/([0-9a-f]{64})$/.exec(pathname)?.[1];
      const file = sha256 === undefined ? undefined : this.#sponsorFiles.response(sha256, request, address);
      if (file !== undefined) return file;
      if (pathname === "/api/news") {
        return this.#streams.open(this.news(), address) ?? refused(503, "too many listen");
      }
      if (pathname === "/api/wire") {
        return await this.#wires.open(address) ?? refused(503, "try again in a moment");
      }
      if (pathname === "/api/mine") return this.#mine(request);
      if (pathname === "/api/host/view") return this.#hosted(request) ?? json(this.#view());
    } else if (request.method === "POST") {
      if (pathname === "/api/join") return await this.#join(request, address);
      if (pathname.startsWith("/api/wire/")) {
        const status = await this.#wires.up(pathname.slice("/api/wire/".length), request);
        return new Response(null, { status });
      }
      if (pathname.startsWith("/api/host/")) {
        return this.#hosted(request) ?? await this.#order(request, pathname.slice("/api/host/".length));
      }
    }
    return refused(404, "there is nothing here: guests come in at /");
  }

  /** Tells everybody who listens how things stand. */
  tellNews(): void {
    this.#streams.tell(this.news());
  }

  news() {
    const { evening, clock, guests, presence } = this.#parts;
    return evening.news(clock.wallMs(), guests.count, presence.count, this.#sponsorFiles.list);
  }

  close(): void {
    this.#streams.close();
    this.#wires.close();
  }

  async #join(request: Request, address: string): Promise<Response> {
    const { clock, guests, tokens, party, evening } = this.#parts;
    if (this.#parts.tokenWaitMs(address) > 0) return json({ refusal: "tooMany" }, 429);
    const body = await bodyOf(request);
    if (typeof body?.name !== "string" || typeof body.code !== "string") {
      return refused(400, "give name and code");
    }
    if (evening.hasEnded) return json({ refusal: "over" }, 409);
    const guest = guests.join(body.name, body.code, clock.wallMs());
    if (typeof guest === "string") return json({ refusal: guest }, 403);
    const { user, name } = guest;
    const token = tokens.make(user, Math.floor(clock.wallMs() + TOKEN_MS)).toHex();
    this.tellNews();
    return json({ party: party.id, user, name, token });
  }

  /** What the ledger says that a guest has won. */
  #mine(request: Request): Response {
    const { tokens, wins, evening, party, clock } = this.#parts;
    const [, user, token] = /^Bearer (\d{1,10})\.([0-9a-f]{88})$/.exec(
      request.headers.get("authorization") ?? "",
    ) ?? [];
    const bytes = token === undefined ? undefined : Uint8Array.fromHex(token);
    const isKnown = bytes !== undefined &&
      tokens.check(new DataView(bytes.buffer), 0, Number(user), clock.wallMs()) === 0;
    if (!isKnown) return refused(401, "a guest's token is wanted");
    // Whoever has just opened a packet wants to see it.
    wins.readSoon(clock.monotonicMs());
    const packets = wins.of(Number(user)).filter(({ hasLapsed }) => !hasLapsed).map((win): WonPacket => ({
      packetId: win.packetId,
      // What is in a packet is a surprise until it is open.
      amountFen: win.openedMs === 0 ? 0 : win.amountFen,
      wave: evening.tickets.waveOf(win.packetId) + 1,
      sponsor: party.plan.sponsors[win.sponsor - 1]?.name ?? "",
      resource: win.sponsor,
      isOpen: win.openedMs > 0,
      wonMs: win.wonMs,
    }));
    return json({ packets });
  }

  #view(): HostView {
    const { guests, wins, presence, evening, party, joinUrl, qrSvg, trouble } = this.#parts;
    const nameOf = (user: number) => guests.guest(user)?.name ?? `guest ${user}`;
    return {
      news: this.news(),
      joinUrl,
      qrSvg,
      code: party.code,
      guests: [...guests.all].map(({ user, name, devices }) => {
        const open = wins.of(user).filter(({ openedMs }) => openedMs > 0);
        return {
          user,
          name,
          devices,
          isOnline: presence.isOnline(user),
          shakes: presence.shakesOf(user),
          packets: open.length,
          wonFen: open.reduce((sum, { amountFen }) => sum + amountFen, 0),
        };
      }),
      latest: wins.latest(MOST_LATEST).map((win) => ({
        packetId: win.packetId,
        name: nameOf(win.user),
        amountFen: win.amountFen,
        wave: evening.tickets.waveOf(win.packetId) + 1,
        sponsor: party.plan.sponsors[win.sponsor - 1]?.name ?? "",
        openedMs: win.openedMs,
      })),
      opened: wins.openCount,
      openedFen: wins.openFen,
      budgetFen: evening.tickets.budgetFen,
      packets: evening.tickets.packets,
      trouble: trouble(),
    };
  }

  /** Who isn't the host is told so; undefined for the host. */
  #hosted(request: Request): Response | undefined {
    const given = /^Bearer (.+)$/.exec(request.headers.get("authorization") ?? "")?.[1] ?? "";
    if (isSameSecret(given, this.#parts.party.secret)) return undefined;
    return refused(401, "only the host may: open the host's link that redpkt party has printed");
  }

  async #order(request: Request, what: string): Promise<Response> {
    const { guests, clock } = this.#parts;
    const body = await bodyOf(request);
    if (body === undefined) return refused(400, "send an object of JSON");
    if (what === "release") {
      const isKnown = typeof body.user === "number" && guests.release(body.user, clock.wallMs());
      return isKnown ? json({}) : refused(404, "there is no such guest");
    }
    const order = HOST_ORDERS.find((name) => name === what);
    if (order === undefined) return refused(404, `there is no order ${what}`);
    try {
      await this.#parts.order(order);
    } catch (error) {
      return refused(409, error instanceof Error ? error.message : String(error));
    }
    this.tellNews();
    return json({});
  }
}

/** Whether it is asked by a page of this site, or by no page at all. */
function isOwn({ headers, method }: Request): boolean {
  const origin = headers.get("origin");
  if (origin !== null && origin.replace(/^https?:\/\//, "") !== headers.get("host")) return false;
  const site = headers.get("sec-fetch-site") ?? "none";
  return method === "GET" || site === "none" || site === "same-origin";
}

/** The object of a request's body; undefined if it is none, or too large. */
async function bodyOf(request: Request): Promise<Record<string, unknown> | undefined> {
  if (!/^application\/json\b/i.test(request.headers.get("content-type") ?? "")) return undefined;
  let bytes = 0;
  const parts: Uint8Array[] = [];
  for await (const part of request.body ?? []) {
    bytes += part.length;
    if (bytes > MOST_BODY_BYTES) return undefined;
    parts.push(part);
  }
  try {
    const body = JSON.parse(await new Blob(parts as BlobPart[]).text());
    return typeof body === "object" && body !== null ? body : undefined;
  } catch {
    return undefined;
  }
}

function json(value: unknown, status = 200): Response {
  return Response.json(value, {
    status,
    headers: { "cache-control": "no-store", "x-content-type-options": "nosniff" },
  });
}

function refused(status: number, error: string): Response {
  return json({ errors: [error] }, status);
}
