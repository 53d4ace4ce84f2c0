import { makeGuard } from "../../admin/guard.ts";
import type { Guard, GuardRules } from "../../admin/guard.ts";
import { problem } from "../../admin/problem.ts";
import { UserError } from "../../base/user_error.ts";
import { MAX_MANIFEST_BYTES } from "./seed_manifest.ts";
import { MAX_SEED_BYTES, type SeedStore } from "./seed_store.ts";

/** Says how many bytes a whole file has. */
export const BYTES_HEADER = "redpkt-bytes";

/** Who may ask: as every HTTP API, but that what is brought are bytes. */
export function seedGuard(rules: GuardRules): Guard {
  const guard = makeGuard(rules);
  return (request, localAddress) => {
    const { method, url, headers } = request;
    if (method !== "GET" && method !== "PUT") {
      return problem(405, "files are put and got: use PUT or GET", { allow: "GET, HEAD, PUT" });
    }
    const plain = new Headers(headers);
    if (method === "PUT") {
      for (const name of ["content-type", "content-length", "transfer-encoding"]) plain.delete(name);
    }
    const refused = guard(new Request(url, { headers: plain }), localAddress);
    if (refused !== undefined || method === "GET") return refused;
    if (headers.get("content-type") === "application/octet-stream") return undefined;
    return problem(415, "bytes are put: send content-type application/octet-stream");
  };
}

/** Answers those who bring seed files and those who fetch them. */
export async function serveSeeds(store: SeedStore, request: Request): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  try {
    if (pathname === "/seeds/manifest") return await manifest(store, request);
    const [, hash, state] = /^\/seeds\/([0-9a-f]{64})(\/state)?$/.exec(pathname) ?? [];
    if (hash === undefined) {
      return problem(404, "there are /seeds/manifest, /seeds/HASH and /seeds/HASH/state");
    }
    if (state !== undefined) return Response.json(store.state(hash));
    const at = numberIn(searchParams, "at", MAX_SEED_BYTES);
    if (at === undefined) return problem(400, "say with at=N where the piece begins");
    if (request.method === "GET") return piece(store, hash, at);
    const total = numberIn(searchParams, "of", MAX_SEED_BYTES);
    if (total === undefined) return problem(400, "say with of=N how many bytes the file has");
    return Response.json(await store.add(hash, at, new Uint8Array(await request.arrayBuffer()), total));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return problem(422, error.message);
  }
}

async function manifest(store: SeedStore, request: Request): Promise<Response> {
  if (request.method === "GET") {
    const text = store.manifestText();
    return text === undefined ? problem(404, "nobody has brought a manifest") : new Response(text);
  }
  const text = await request.text();
  if (text.length > MAX_MANIFEST_BYTES) {
    return problem(413, `a manifest has at most ${MAX_MANIFEST_BYTES} bytes`);
  }
  const brought = store.readManifest(text, "the manifest");
  const version = store.manifest()?.version ?? 0;
  if (brought.version !== version + 1) {
    return problem(
      409,
      `version ${version} is here, so the next one is ${version + 1}: read it and make yours anew`,
    );
  }
  const missing = brought.files.filter(({ hash, bytes }) => {
    const state = store.state(hash);
    return !state.isWhole || state.bytes !== bytes;
  });
  if (missing.length > 0) return problem(422, missing.map(({ hash }) => `${hash}: isn't here`).slice(0, 20));
  store.keepManifest(text);
  return Response.json({ version: brought.version });
}

function piece(store: SeedStore, hash: string, at: number): Response {
  const { isWhole, bytes } = store.state(hash);
  if (!isWhole) return problem(404, `${hash}: isn't here`);
  if (at > bytes) return problem(416, `${hash}: has ${bytes} bytes`);
  const headers = { [BYTES_HEADER]: String(bytes), "content-type": "application/octet-stream" };
  return new Response(store.read(hash, at), { headers });
}

function numberIn(params: URLSearchParams, name: string, most: number): number | undefined {
  const text = params.get(name) ?? "";
  return /^\d{1,12}$/.test(text) && Number(text) <= most ? Number(text) : undefined;
}
