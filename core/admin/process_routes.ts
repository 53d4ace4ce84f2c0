import { VERSION } from "../base/version.ts";
import type { Route } from "./api.ts";

/** What a process that serves users says of itself, and how it ends. */
export interface ProcessParts {
  /** What `/ready` and `/drain` mean to this process, for the API's description. */
  readonly summaries: { readonly ready: string; readonly drain: string };
  /** Why new users aren't welcome; undefined while they are. */
  whyNotReady(): string | undefined;
  /** Begins the drain; the process ends after it. */
  stop(reason: string): void;
}

/** The routes that every process with users has: `/ready`, `/version`, `/drain` and `/stop`. */
export function processRoutes({ summaries, whyNotReady, stop }: ProcessParts): Route[] {
  return [
    {
      method: "get",
      path: "/ready",
      summary: summaries.ready,
      handle: () => {
        const why = whyNotReady();
        return Response.json({ ready: why === undefined, ...(why === undefined ? {} : { why }) }, {
          status: why === undefined ? 200 : 503,
        });
      },
    },
    {
      method: "get",
      path: "/version",
      summary: "Versions of the program and what it runs on",
      handle: () => ({ redpkt: VERSION, ...Deno.version, os: Deno.build.os, arch: Deno.build.arch }),
    },
    ...["/drain", "/stop"].map((path): Route => ({
      method: "post",
      path,
      summary: path === "/drain" ? summaries.drain : "The same as /drain",
      handle: () => {
        stop(`admin ${path}`);
        return { ok: true };
      },
    })),
  ];
}
