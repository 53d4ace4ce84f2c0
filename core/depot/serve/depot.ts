import { type Clock, sleep } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import { problem } from "../../admin/problem.ts";
import type { Guard } from "../../admin/guard.ts";
import type { Counters } from "../../counters/counters.ts";
import type { DepotFiles } from "./depot_files.ts";
import { DepotGate, type DepotRefusal } from "./depot_gate.ts";
import type { DEPOT_METRICS } from "./metrics.ts";
import { type ByteRange, readRange } from "./range.ts";

/** Bytes that are handed to the network at once. */
const PIECE_BYTES = 32 * 1024;
/** How soon those are to come again who ask while the depot stops. */
const DRAINING_RETRY_S = 10;
const REASONS = {
  rate: ["depotRefusedRate", "the depot gives all that it may: come again"],
  window: ["depotRefusedWindow", "nothing is given at this hour: come again"],
  draining: ["depotRefusedDraining", "the depot is about to stop: come again, or ask another one"],
} as const;

export interface DepotParts {
  readonly files: DepotFiles;
  readonly clock: Clock;
  readonly random: Random;
  readonly counters: Counters;
}

/** Answers the requests of phones: the manifest, and chunks by their hash, as fast as the day plan allows. */
export class Depot {
  isDraining = false;
  readonly #clock: Clock;
  readonly #block: Float64Array;
  readonly #handle: (metric: keyof typeof DEPOT_METRICS) => number;
  #files: DepotFiles;
  readonly #gate: DepotGate;
  /** The end of the last grant: bytes are granted one after the other, first come, first served. */
  #turn: Promise<void> = Promise.resolve();

  constructor({ files, clock, random, counters }: DepotParts) {
    this.#clock = clock;
    this.#block = counters.block(0);
    this.#handle = (metric) => counters.layout.handle(metric);
    this.#files = files;
    this.#gate = new DepotGate(files.signed.manifest.windows, random);
    this.look();
  }

  /** Serves another manifest from now on; who is being answered gets what they asked for. */
  replace(files: DepotFiles): void {
    this.#files = files;
    this.#gate.windows = files.signed.manifest.windows;
    this.look();
  }

  /** Sets what a gauge says of the present. */
  look(): void {
    const { version } = this.#files.signed.manifest;
    this.#block[this.#handle("depotManifestVersion")] = version;
    this.#block[this.#handle("depotCapBytesPerS")] = this.#gate.bytesPerS(this.#clock.wallMs());
  }

  /** Answers that are on their way. */
  get sending(): number {
    return this.#block[this.#handle("depotSending")];
  }

  /** Whoever can reach a depot may read it; nobody may do anything else. */
  readonly guard: Guard = ({ method }) =>
    method === "GET"
      ? undefined
      : problem(405, "a depot is only read: use GET or HEAD", { allow: "GET, HEAD" });

  fetch(request: Request): Response | Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/health") return this.#health();
    if (pathname === "/manifest") return this.#manifest(request);
    const sha256 = /^\/chunks\/([0-9a-f]{64})$/.exec(pathname)?.[1];
    const bytes = sha256 === undefined ? undefined : this.#files.bytesOf(sha256);
    if (sha256 === undefined || bytes === undefined) {
      this.#count("depotNotFound");
      return problem(404, "there is /manifest, /health, and /chunks/SHA256 for each chunk of the manifest");
    }
    return this.#chunk(request, sha256, bytes);
  }

  #health(): Response {
    const { isDraining } = this;
    return Response.json({ ok: !isDraining, isDraining, manifest: this.#files.signed.manifest.version }, {
      status: isDraining ? 503 : 200,
      headers: { "cache-control": "no-store" },
    });
  }

  #manifest({ headers }: Request): Response {
    const { bytes, sha256 } = this.#files.signed;
    const head = { ...OPEN, etag: `"${sha256}"`, "cache-control": "no-cache" };
    if (isKnown(headers, sha256)) return this.#unchanged(head);
    this.#count("depotManifests");
    return new Response(bytes, { headers: { ...head, "content-type": "application/octet-stream" } });
  }

  async #chunk({ headers }: Request, sha256: string, bytes: number): Promise<Response> {
    const head: Record<string, string> = {
      ...OPEN,
      etag: `"${sha256}"`,
      "cache-control": "public, max-age=31536000, immutable",
      "accept-ranges": "bytes",
    };
    if (isKnown(headers, sha256)) return this.#unchanged(head);
    const range = readRange(headers.get("range"), bytes);
    if (range === "none") {
      return problem(416, `the chunk has ${bytes} bytes`, { ...head, "content-range": `bytes */${bytes}` });
    }
    const { from, to } = range ?? { from: 0, to: bytes };
    if (this.isDraining) return this.#refuse("draining", DRAINING_RETRY_S);
    const refusal: DepotRefusal | undefined = this.#gate.admit(this.#clock.wallMs(), to - from);
    if (refusal !== undefined) return this.#refuse(refusal.why, refusal.retryS);
    const body = await this.#body(sha256, { from, to });
    head["content-type"] = "application/octet-stream";
    head["content-length"] = String(to - from);
    if (range !== undefined) head["content-range"] = `bytes ${from}-${to - 1}/${bytes}`;
    return new Response(body, { status: range === undefined ? 200 : 206, headers: head });
  }

  /** The bytes of a chunk, a piece whenever there is room under the cap and its peer has read what was before. */
  async #body(sha256: string, { from, to }: ByteRange): Promise<ReadableStream<Uint8Array>> {
    const gate = this.#gate;
    const file = await this.#files.open(sha256).catch((error) => {
      gate.giveUp(to - from);
      throw error;
    });
    let at = await file.seek(from, Deno.SeekMode.Start);
    let isOver = false;
    this.#count("depotSending");
    const end = (metric?: "depotChunksOut" | "depotBrokenOff") => {
      if (isOver) return;
      isOver = true;
      file.close();
      gate.giveUp(to - at);
      this.#count("depotSending", -1);
      if (metric !== undefined) this.#count(metric);
    };
    return new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        try {
          const piece = new Uint8Array(Math.min(PIECE_BYTES, to - at));
          const size = await file.read(piece) ?? 0;
          if (size === 0) throw new Error("the chunk's file is shorter than the manifest says");
          at += size; // from here on it is for the turn to give back
          await this.#granted(gate, size);
          if (isOver) return;
          this.#count("depotBytesOut", size);
          controller.enqueue(piece.subarray(0, size));
        } catch (error) {
          if (isOver) return; // the peer has left
          end("depotBrokenOff");
          return controller.error(error);
        }
        if (at < to) return;
        end("depotChunksOut");
        controller.close();
      },
      // Who asked by HEAD wants none of it.
      cancel: () => end(at === from ? undefined : "depotBrokenOff"),
    }, { highWaterMark: 0 });
  }

  async #granted(gate: DepotGate, bytes: number): Promise<void> {
    const turn = this.#turn.then(async () => {
      for (;;) {
        const waitMs = gate.take(this.#clock.monotonicMs(), this.#clock.wallMs(), bytes);
        if (waitMs === 0) break;
        if (waitMs === Infinity) {
          gate.giveUp(bytes);
          throw new Error("the window is over");
        }
        await sleep(waitMs);
      }
      const most = this.#handle("depotMostBytesInS");
      this.#block[most] = Math.max(this.#block[most], gate.granted(this.#clock.monotonicMs()));
    });
    this.#turn = turn.catch(() => {}); // whoever waited hears of it
    await turn;
  }

  #refuse(why: keyof typeof REASONS, retryS: number): Response {
    const [metric, text] = REASONS[why];
    this.#count(metric);
    return problem(503, text, { "retry-after": String(retryS), "cache-control": "no-store" });
  }

  #unchanged(headers: Record<string, string>): Response {
    this.#count("depotUnchanged");
    return new Response(null, { status: 304, headers });
  }

  #count(metric: keyof typeof DEPOT_METRICS, by = 1): void {
    this.#block[this.#handle(metric)] += by;
  }
}

/** What a depot has is public: pages of apps may read it too. */
const OPEN = { "access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin" };

function isKnown(headers: Headers, sha256: string): boolean {
  const known = headers.get("if-none-match") ?? "";
  return known === "*" || known.split(",").some((tag) => tag.trim().replace(/^W\//, "") === `"${sha256}"`);
}
