/**
 * Which room of core may import which: a room is a folder, and an arrow that isn't in the table is a mistake, or a
 * decision to be made here. Rooms stand from the ground up, and each imports only rooms above its line; so no two import
 * each other, however long the way round.
 */
import { isTest, projectPath, resolveSpecifier } from "./project.ts";

/** By room, without `core/`: those that it may import. */
export const ROOMS: readonly (readonly [room: string, mayImport: string])[] = [
  ["base", ""],
  ["charts", ""],
  ["client/population", ""],
  ["cli", "base"],
  ["client/schedule", "base"],
  ["counters", "base"],
  ["ledger/record", "base"],
  ["os", "base"],
  ["seed/plan", "base"],
  ["wire", "base"],
  ["ledger/judge", "base ledger/record"],
  ["seed/file", "base seed/plan"],
  ["threads", "base os"],
  ["wire/v1", "base wire"],
  ["engine/common", "base os threads"],
  ["engine/uring/ring", "base os threads"],
  ["books/account", "ledger/record"],
  ["books/contract", "base ledger/record books/account"],
  ["ledger/disk", "base ledger/record ledger/judge"],
  ["plugin/contract", "base charts counters ledger/record seed/file"],
  ["payout/gateway", "base"],
  ["payout/fake", "base payout/gateway"],
  ["settle/judge", "base books/account books/contract"],
  ["books/model", "ledger/record books/account books/contract settle/judge"],
  ["books/postgres", "base ledger/record books/account books/contract settle/judge"],
  ["books/sqlite", "base ledger/record books/account books/contract settle/judge"],
  ["seed/make", "base seed/plan seed/file"],
  ["token", "base cli wire wire/v1"],
  ["books/open", "base books/contract books/postgres books/sqlite"],
  ["engine/deno", "base os threads engine/common"],
  ["engine/epoll", "base os threads engine/common"],
  ["engine/sim", "base os threads engine/common"],
  ["engine/uring", "base os engine/common engine/uring/ring"],
  ["ledger/chain", "base ledger/record ledger/disk"],
  ["plugin", "base charts cli counters ledger/record wire seed/file wire/v1 plugin/contract"],
  ["admin", "base cli counters plugin"],
  ["engine", "base cli os engine/common engine/uring/ring engine/deno engine/epoll engine/uring"],
  ["ledger/checkpoint", "base ledger/record ledger/judge ledger/disk ledger/chain"],
  ["ledger/ring", "base ledger/record ledger/judge ledger/chain"],
  ["ledger/store", "base ledger/record ledger/judge ledger/disk ledger/chain"],
  [
    "books/uplink",
    "base cli ledger/record books/contract os counters threads ledger/chain books/open ledger/ring ledger/store",
  ],
  ["seed/claim", "base cli seed/file ledger/disk ledger/chain"],
  ["admin/telemetry", "base cli counters admin"],
  ["client/state", "base client/schedule counters threads engine/common admin"],
  ["doctor", "base cli os engine/common engine/uring/ring engine"],
  ["ledger/projection", "base cli ledger/record ledger/disk ledger/chain ledger/checkpoint ledger/store"],
  [
    "books/command",
    "base cli ledger/record books/account books/contract ledger/disk ledger/chain books/open ledger/store books/uplink",
  ],
  ["settle", "base cli books/account books/contract books/open settle/judge"],
  ["payout", "base cli books/account books/contract books/open payout/gateway payout/fake"],
  ["statement", "base cli ledger/record books/account books/contract books/open books/command"],
  ["seed", "base cli seed/plan seed/file ledger/disk seed/make ledger/store seed/claim"],
  ["set/common", "base counters ledger/record wire wire/v1 engine/common token plugin admin ledger/ring"],
  ["client/act", "base client/population client/schedule counters wire wire/v1 engine/common client/state"],
  ["client/connect", "base client/schedule counters wire wire/v1 engine/common token client/state"],
  [
    "ledger/evidence",
    "base ledger/record ledger/judge ledger/disk ledger/chain ledger/checkpoint ledger/store ledger/projection",
  ],
  ["monitor/timeline", "base charts counters wire set/common"],
  [
    "reconcile",
    "base cli ledger/record ledger/judge seed/file ledger/chain ledger/store books/account books/contract books/command client/state",
  ],
  ["set/awards", "ledger/record wire engine/common plugin ledger/ring set/common"],
  [
    "audit/check",
    "base cli ledger/record ledger/judge ledger/disk ledger/chain ledger/checkpoint ledger/store ledger/projection ledger/evidence",
  ],
  ["client/answers", "base wire wire/v1 engine/common client/state client/act"],
  [
    "ledger/thread",
    "base counters ledger/record os ledger/judge threads ledger/disk ledger/checkpoint ledger/ring ledger/store ledger/projection ledger/evidence",
  ],
  ["monitor/collect", "base charts cli counters os admin monitor/timeline"],
  ["set", "base counters ledger/record wire wire/v1 engine/common plugin set/common set/awards"],
  [
    "audit",
    "base cli ledger/record ledger/judge ledger/disk ledger/chain ledger/checkpoint ledger/store seed/claim ledger/projection ledger/evidence audit/check books/contract books/open books/uplink books/command",
  ],
  [
    "client/fleet",
    "base client/population client/schedule counters wire threads wire/v1 engine/common token client/state client/act client/connect client/answers",
  ],
  ["monitor/money", "admin monitor/timeline monitor/collect"],
  [
    "server/worker",
    "base cli counters ledger/record os wire threads wire/v1 engine/common token plugin engine ledger/ring set/common set",
  ],
  [
    "client/main",
    "base client/population cli client/schedule counters os threads engine/common token plugin admin engine admin/telemetry client/state doctor client/fleet",
  ],
  ["monitor/record", "base charts cli counters monitor/timeline monitor/collect monitor/money"],
  ["monitor/view", "monitor/timeline monitor/collect monitor/money"],
  [
    "server/host",
    "base cli counters ledger/record os seed/file threads engine/common token ledger/chain plugin admin ledger/ring ledger/store seed/claim ledger/projection set/common ledger/thread server/worker books/uplink",
  ],
  ["monitor/terminal", "base monitor/timeline monitor/collect monitor/money monitor/view"],
  ["monitor/web/page", "base monitor/timeline monitor/collect monitor/money monitor/view"],
  ["report/data", "base charts cli counters admin monitor/timeline monitor/collect monitor/record"],
  [
    "server",
    "base cli counters ledger/record os engine/common ledger/disk token plugin admin engine ledger/ring seed/claim admin/telemetry doctor ledger/evidence server/worker server/host books/open books/uplink",
  ],
  ["monitor/web", "base admin monitor/timeline monitor/collect monitor/money monitor/view monitor/web/page"],
  ["rehearse/measure", "base charts client/population cli counters seed/plan plugin report/data"],
  ["report", "base charts cli counters plugin monitor/timeline report/data"],
  [
    "monitor",
    "base charts cli os plugin admin admin/telemetry monitor/timeline monitor/collect monitor/money monitor/record monitor/terminal monitor/web",
  ],
  ["rehearse/machine", "base cli os report/data rehearse/measure"],
  [
    "rehearse/stage",
    "base charts cli counters os seed/plan seed/file engine/common seed/make plugin admin rehearse/measure rehearse/machine",
  ],
  [
    "rehearse/books",
    "base cli books/account books/contract books/open books/command reconcile rehearse/measure rehearse/stage",
  ],
  [
    "rehearse",
    "base charts cli counters seed/plan engine/common plugin admin engine admin/telemetry reconcile report/data rehearse/measure report monitor rehearse/machine rehearse/stage rehearse/books",
  ],
];

const mayImport = new Map(ROOMS.map(([room, rooms]) => [room, new Set(rooms.split(" "))]));

/** The room of a file; undefined outside core. */
export function roomOf(path: string): string | undefined {
  return /^core\/(.*)\/[^/]*$/.exec(path)?.[1];
}

/** Rooms of core import as the table says. */
export const rooms: Deno.lint.Rule = {
  create(context) {
    const fromPath = projectPath(context.filename);
    const from = roomOf(fromPath);
    // What only tests use may reach as far as tests do.
    if (from === undefined || isTest(fromPath) || fromPath.endsWith("/testing.ts")) return {};

    function check(node: Deno.lint.Node, specifier: unknown): void {
      const path = typeof specifier === "string" ? resolveSpecifier(fromPath, specifier) : undefined;
      const to = path === undefined ? undefined : roomOf(path);
      if (to === undefined || to === from || mayImport.get(from!)?.has(to)) return;
      context.report({
        node,
        message: `core/${from} imports nothing of core/${to}`,
        hint:
          "Move what both need to a room below, or take it as an argument. An arrow that is right goes into " +
          "the table of test/lint/rooms.ts.",
      });
    }

    return {
      ImportDeclaration: (node) => check(node, node.source.value),
      ExportAllDeclaration: (node) => check(node, node.source.value),
      ExportNamedDeclaration: (node) => check(node, node.source?.value),
      ImportExpression: (node) => check(node, node.source.type === "Literal" ? node.source.value : undefined),
    };
  },
};
