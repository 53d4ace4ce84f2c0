/**
 * Which room of core and of the plugins may import which: a room is a folder, and an arrow that isn't in the table is a mistake, or a
 * decision to be made here. Rooms stand from the ground up, and each imports only rooms above its line; so no two import
 * each other, however long the way round.
 */
import { isTest, projectPath, resolveSpecifier } from "./project.ts";

/** By room, those of core without `core/`: those that it may import. */
export const ROOMS: readonly (readonly [room: string, mayImport: string])[] = [
  ["base", ""],
  ["charts", "base"],
  ["plugins/cue", ""],
  ["plugins/seed", ""],
  ["plugins/send/common", ""],
  ["plugins/shake/common", ""],
  ["plugins/throttle/common", ""],
  ["bus", "base"],
  ["cli", "base"],
  ["cli/command", "base cli"],
  ["client/schedule", "base"],
  ["counters", "base"],
  ["ledger/record", "base"],
  ["os", "base"],
  ["payout/gateway", "base"],
  ["plugins/send/host", "plugins/send/common"],
  ["plugins/send/set", "plugins/send/common"],
  ["plugins/shake/host", "plugins/shake/common"],
  ["plugins/shake/set", "plugins/shake/common"],
  ["plugins/throttle/host", "plugins/throttle/common"],
  ["plugins/throttle/set", "plugins/throttle/common"],
  ["seed/plan", "base"],
  ["web", "base"],
  ["wire", "base"],
  ["gateway/door", "os wire"],
  ["ledger/registry", "base ledger/record"],
  ["payout/fake", "base payout/gateway"],
  ["phone/transport", "wire"],
  ["plugins/send", "plugins/send/common plugins/send/host plugins/send/set"],
  ["plugins/shake", "plugins/shake/common plugins/shake/host plugins/shake/set"],
  ["seed/file", "base seed/plan"],
  ["threads", "base os"],
  ["wire/v1", "base wire"],
  ["depot/manifest", "base cli seed/file"],
  ["engine/common", "base os threads"],
  ["engine/uring/ring", "base os threads"],
  ["ledger/disk", "base ledger/record ledger/registry"],
  ["ledger/kinds", "base ledger/record ledger/registry"],
  ["seed/make", "base seed/plan seed/file"],
  ["show", "base ledger/record seed/file"],
  ["token", "base cli cli/command wire wire/v1"],
  ["books/account", "ledger/record ledger/kinds"],
  ["engine/deno", "base os threads engine/common"],
  ["engine/epoll", "base os threads engine/common"],
  ["engine/sim", "base os threads engine/common"],
  ["engine/uring", "base os engine/common engine/uring/ring"],
  ["ledger/chain", "base ledger/record ledger/disk ledger/kinds"],
  ["ledger/judge", "base ledger/record ledger/registry ledger/kinds"],
  ["plugin/contract", "base charts counters ledger/record seed/file ledger/kinds show"],
  ["books/contract", "base ledger/record ledger/kinds books/account"],
  ["engine", "base cli os engine/common engine/uring/ring engine/deno engine/epoll engine/uring"],
  [
    "ledger/checkpoint",
    "base ledger/record ledger/registry ledger/disk ledger/kinds ledger/chain ledger/judge",
  ],
  ["ledger/ring", "base ledger/record ledger/registry ledger/chain"],
  ["ledger/store", "base ledger/record ledger/disk ledger/kinds ledger/chain ledger/judge"],
  ["summaries", "base bus counters ledger/registry ledger/disk ledger/kinds token ledger/chain ledger/store"],
  ["link", "base bus cli counters os ledger/registry seed/file threads ledger/disk show token summaries"],
  [
    "plugin",
    "base charts cli counters ledger/record wire seed/file wire/v1 ledger/kinds show plugin/contract",
  ],
  ["seed/claim", "base cli seed/file ledger/disk ledger/chain"],
  ["show/console", "base bus ledger/record seed/plan seed/file ledger/disk show link"],
  ["admin", "base cli counters plugin"],
  ["doctor", "base cli cli/command os engine/common engine/uring/ring engine"],
  [
    "ledger/projection",
    "base cli ledger/record ledger/disk ledger/kinds ledger/chain ledger/checkpoint ledger/store",
  ],
  ["settle/judge", "base books/account books/contract"],
  ["admin/telemetry", "base cli counters admin"],
  ["books/model", "ledger/record ledger/kinds books/account books/contract settle/judge"],
  ["books/postgres", "base ledger/record ledger/kinds books/account books/contract settle/judge"],
  ["books/sqlite", "base ledger/record ledger/kinds books/account books/contract settle/judge"],
  ["client/state", "base client/schedule counters threads engine/common admin"],
  ["depot/serve", "base counters seed/file depot/manifest admin"],
  ["gateway/tls", "base cli os admin"],
  [
    "ledger/evidence",
    "base ledger/record ledger/registry ledger/disk ledger/kinds ledger/chain ledger/judge ledger/checkpoint ledger/store ledger/projection",
  ],
  ["server/money", "charts counters ledger/record seed/file ledger/ring plugin admin ledger/projection"],
  ["set/common", "base counters ledger/record wire wire/v1 engine/common token ledger/ring plugin admin"],
  [
    "audit/check",
    "base cli ledger/record ledger/registry ledger/disk ledger/kinds ledger/chain ledger/judge ledger/checkpoint ledger/store ledger/projection ledger/evidence",
  ],
  ["books/open", "base books/contract books/postgres books/sqlite"],
  ["client/fetch", "base client/schedule counters threads depot/manifest client/state depot/serve"],
  ["client/follow", "base client/schedule counters wire wire/v1 engine/common client/state"],
  ["depot", "base cli cli/command counters seed/file depot/manifest admin admin/telemetry depot/serve"],
  [
    "ledger/thread",
    "base counters ledger/record os ledger/registry threads ledger/disk ledger/kinds ledger/judge ledger/checkpoint ledger/ring ledger/store ledger/projection ledger/evidence",
  ],
  ["monitor/timeline", "base charts counters wire set/common"],
  ["set/awards", "base ledger/record wire wire/v1 engine/common ledger/kinds ledger/ring plugin set/common"],
  [
    "books/uplink",
    "base cli counters ledger/record os threads ledger/kinds ledger/chain books/contract ledger/ring ledger/store books/open",
  ],
  ["payout", "base cli cli/command payout/gateway payout/fake books/account books/contract books/open"],
  ["set", "base counters ledger/record wire wire/v1 engine/common ledger/kinds plugin set/common set/awards"],
  ["settle", "base cli cli/command books/account books/contract books/open"],
  [
    "books/command",
    "base cli cli/command ledger/record ledger/disk ledger/kinds books/account ledger/chain books/contract ledger/store books/open books/uplink",
  ],
  [
    "server/worker",
    "base cli counters ledger/record os wire threads wire/v1 engine/common ledger/kinds token engine ledger/ring plugin set/common set",
  ],
  [
    "audit",
    "base cli cli/command ledger/record ledger/registry ledger/disk ledger/kinds ledger/chain books/contract ledger/checkpoint ledger/store seed/claim ledger/projection ledger/evidence audit/check books/uplink books/command",
  ],
  [
    "reconcile",
    "base cli cli/command ledger/record ledger/registry seed/file ledger/kinds books/account ledger/chain books/contract ledger/store client/state books/command",
  ],
  [
    "server/host",
    "base cli counters ledger/record seed/file threads engine/common ledger/kinds ledger/chain ledger/ring ledger/store summaries link plugin seed/claim admin server/money set/common ledger/thread books/uplink server/worker",
  ],
  ["statement", "base cli cli/command books/account books/contract books/open books/command"],
  ["phone/resources", "base"],
  ["party/resources", "base phone/resources"],
  ["plugins/throttle/door", "plugins/throttle/common"],
  [
    "plugins/throttle",
    "plugins/throttle/common plugins/throttle/host plugins/throttle/set plugins/throttle/door",
  ],
  [
    "world/replay",
    "base cli cli/command counters ledger/record seed/plan wire ledger/registry threads engine/common seed/make ledger/judge ledger/ring plugin set/common ledger/thread server/worker server/host",
  ],
  [
    "world/parts",
    "base ledger/record payout/gateway payout/fake seed/file ledger/disk ledger/kinds engine/sim ledger/chain books/contract books/model books/uplink",
  ],
  ["world/plan", "base"],
  ["world/watch", "ledger/record ledger/kinds client/state"],
  ["seed/depot", "base cli cli/command seed/file admin gateway/tls"],
  ["seed/reissue", "base cli cli/command seed/plan seed/file books/account books/contract books/command"],
  [
    "seed",
    "base cli cli/command seed/plan seed/file ledger/disk seed/make ledger/store seed/claim seed/depot seed/reissue",
  ],
  ["show/command", "base bus cli cli/command seed/plan seed/file show link show/console seed"],
  ["hosts/order", ""],
  ["client/population", "hosts/order"],
  [
    "client/connect",
    "base client/schedule counters wire wire/v1 engine/common token client/state hosts/order",
  ],
  [
    "gateway/relay",
    "base counters wire gateway/door wire/v1 engine/common plugin admin set/common hosts/order",
  ],
  [
    "client/act",
    "base client/schedule counters wire wire/v1 engine/common client/state client/follow client/population",
  ],
  ["client/answers", "base wire wire/v1 engine/common client/state client/follow client/connect client/act"],
  [
    "client/fleet",
    "base client/schedule counters wire threads wire/v1 engine/common token client/state client/follow hosts/order client/population client/connect client/act client/answers",
  ],
  [
    "world/host",
    "base bus counters ledger/record os ledger/registry seed/file threads ledger/disk show token engine/sim ledger/judge books/contract ledger/checkpoint ledger/ring ledger/store link plugin client/state set/common ledger/thread books/uplink server/worker server/host world/parts world/watch client/fleet",
  ],
  [
    "world/run",
    "base bus ledger/record seed/plan seed/file seed/make show books/account engine/sim books/contract link plugin show/console books/model payout settle world/parts world/plan world/watch client/population world/host",
  ],
  ["world", "base cli cli/command plugin world/replay world/plan world/run"],
  ["hosts/list", "base os seed/file hosts/order"],
  ["phone/addresses", "base hosts/order hosts/list"],
  ["phone/library", "base client/schedule wire phone/transport wire/v1 hosts/list phone/addresses"],
  [
    "gateway",
    "base cli cli/command counters os wire gateway/door threads engine/common engine plugin admin admin/telemetry gateway/tls hosts/order gateway/relay hosts/list",
  ],
  ["monitor/collect", "base charts cli counters os admin monitor/timeline hosts/list"],
  ["monitor/money", "ledger/record admin monitor/timeline monitor/collect"],
  ["monitor/record", "base charts cli counters monitor/timeline monitor/collect monitor/money"],
  ["monitor/view", "monitor/timeline monitor/collect monitor/money"],
  [
    "client/main",
    "base cli cli/command client/schedule counters os wire seed/file threads engine/common token engine plugin admin doctor admin/telemetry client/state client/fetch client/follow hosts/order client/population client/fleet hosts/list",
  ],
  ["monitor/terminal", "base charts monitor/timeline monitor/collect monitor/money monitor/view"],
  [
    "monitor/web/page",
    "base charts show/console monitor/timeline monitor/collect monitor/money monitor/view",
  ],
  ["report/data", "base charts cli counters admin monitor/timeline monitor/collect monitor/record"],
  [
    "server/show",
    "base bus cli ledger/record wire ledger/registry seed/file ledger/kinds show token link plugin admin server/host hosts/list",
  ],
  [
    "monitor/web",
    "base charts web show/console admin monitor/timeline monitor/collect monitor/money monitor/view monitor/web/page",
  ],
  ["rehearse/measure", "base charts cli counters seed/plan plugin client/population report/data"],
  ["report", "base charts cli cli/command counters plugin monitor/timeline report/data"],
  [
    "monitor",
    "base charts bus cli cli/command os plugin show/console admin admin/telemetry monitor/timeline hosts/list monitor/collect monitor/money monitor/record monitor/terminal monitor/web",
  ],
  ["rehearse/machine", "base cli os report/data rehearse/measure"],
  [
    "rehearse/stage",
    "base charts cli counters os seed/plan seed/file engine/common seed/make plugin admin rehearse/measure rehearse/machine",
  ],
  [
    "rehearse/books",
    "base cli books/account books/open books/command reconcile rehearse/measure rehearse/stage",
  ],
  ["rehearse/show", "base cli seed/file rehearse/measure rehearse/stage"],
  ["phone/page", "base phone/resources phone/library"],
  ["phone/wall", "base phone/page"],
  [
    "party/state",
    "base ledger/record seed/plan ledger/kinds ledger/store plugin phone/resources party/resources rehearse/stage phone/page",
  ],
  [
    "party/site",
    "base client/schedule web wire phone/transport wire/v1 token admin phone/resources party/resources phone/addresses phone/library phone/page phone/wall party/state",
  ],
  [
    "party",
    "base cli cli/command os gateway/door wire/v1 engine/common ledger/disk token engine plugin seed/claim admin gateway/tls audit/check audit party/resources gateway/relay gateway rehearse/stage phone/wall party/state party/site",
  ],
  ["plan", "base cli cli/command report"],
  [
    "server",
    "base bus cli cli/command counters ledger/record os wire ledger/registry engine/common ledger/disk token engine ledger/ring plugin seed/claim admin doctor admin/telemetry ledger/evidence server/money books/open books/uplink server/worker server/host seed/depot server/show",
  ],
  ["hosts/command", "base cli cli/command os seed/file admin seed hosts/order hosts/list"],
  ["rehearse/hosts", "base cli counters seed/file reconcile hosts/list rehearse/measure rehearse/stage"],
  [
    "rehearse",
    "base charts cli cli/command counters seed/plan engine/common engine plugin admin admin/telemetry reconcile report/data rehearse/measure report monitor rehearse/machine rehearse/stage rehearse/books rehearse/show rehearse/hosts",
  ],
  [
    "judge",
    "base charts cli cli/command counters plugin monitor/collect report/data rehearse/measure report monitor rehearse",
  ],
];

const mayImport = new Map(ROOMS.map(([room, rooms]) => [room, new Set(rooms.split(" "))]));

/** The room of a file; undefined outside core and the plugins that come with redpkt. */
export function roomOf(path: string): string | undefined {
  return /^(?:core\/(.*)|(plugins\/.*))\/[^/]*$/.exec(path)?.slice(1).find((room) => room !== undefined);
}

/** Core is one house, and each plugin another. */
function houseOf(room: string): string {
  return /^plugins\/[^/]+/.exec(room)?.[0] ?? "core";
}

/** Rooms of core and of plugins import as the table says. */
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
      // What core, plugins and others may import of each other is another rule's business.
      if (houseOf(to) !== houseOf(from!)) return;
      context.report({
        node,
        message: `${from} imports nothing of ${to}`,
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
