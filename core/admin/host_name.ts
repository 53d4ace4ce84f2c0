import { z } from "zod";
import { type Flag, listFlag } from "../cli/flags.ts";

/** Whether only this host can reach an address. */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === "localhost" || hostname === "::1" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/**
 * The name in a Host header, in lower case, without port, brackets and a last dot; undefined if it is none. Anything
 * that could be read in two ways (a user name, a list, spaces, other scripts) is none.
 */
export function nameOfHost(host: string): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9_-]+(?:\.[a-z0-9_-]+)*)\.?)(?::\d{1,5})?$/i.exec(host);
  return (match?.[1] ?? match?.[2])?.toLowerCase();
}

const names = z.array(z.string()).default([]).transform((texts, context): string[] =>
  texts.flatMap((text) => text.split(",")).map((text) => {
    const name = /:\d+$/.test(text) ? undefined : nameOfHost(text);
    if (name !== undefined) return name;
    context.addIssue({ code: "custom", message: `must be names without a port, such as access-1.example` });
    return z.NEVER;
  })
);

/** The flag that lets an HTTP API be called by further names. */
export function allowHostFlag(what: string): Flag<string[]> {
  return {
    ...listFlag("NAME", `name by which ${what} may be called too, as a proxy or DNS has it`),
    schema: names,
  };
}
