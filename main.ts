/**
 * The one entry of redpkt: the command line on the main thread, and the worker threads' beginning. Here alone the core
 * meets the plugins and scenarios that come with it, which `plugins/built_in.ts` lists.
 */
import { builtIn } from "./plugins/built_in.ts";
import type { CommandTable } from "./core/cli/command/dispatch.ts";
import type { Program } from "./core/cli/host.ts";
import { firstParentMessage, threadRole } from "./core/threads/thread.ts";

const program: Omit<Program, "command"> = { entry: import.meta.url, ...builtIn };

// deno-lint-ignore no-explicit-any
type Role = (init: any, program: Program) => unknown;

/** What a worker thread does, by its name. Each is sent one message that says the rest. */
const roles: Record<string, () => Promise<Role>> = {
  access: async () => (await import("./core/server/worker/access_worker.ts")).runAccessWorker,
  ledger: async () => (await import("./core/ledger/thread/ledger_worker.ts")).runLedgerWorker,
  projector: async () => (await import("./core/ledger/thread/projector_worker.ts")).runProjectorWorker,
  uplink: async () => (await import("./core/books/uplink/uplink_worker.ts")).runUplinkWorker,
  link: async () => (await import("./core/link/link_worker.ts")).runLinkWorker,
  fetch: async () => (await import("./core/client/fetch/fetch_worker.ts")).runFetchWorker,
  replay: async () => (await import("./core/world/replay/replay_worker.ts")).runReplayWorker,
  fleet: async () => (await import("./core/client/main/fleet_worker.ts")).runFleetWorker,
};

const role = threadRole();
// Listened for at once: the message may come while modules are still loading.
const firstMessage = role === undefined ? undefined : firstParentMessage();

if (role !== undefined) {
  const run = await roles[role]();
  await run(await firstMessage, { ...program, command: ["redpkt"] });
} else {
  const [{ dispatch }, { processHost }, { VERSION }] = await Promise.all([
    import("./core/cli/command/dispatch.ts"),
    import("./core/cli/process_host.ts"),
    import("./core/base/version.ts"),
  ]);
  const commands: CommandTable = {
    demo: {
      group: "Begin",
      summary: "rehearses the gala on this machine",
      load: () => import("./core/rehearse/demo.ts"),
    },
    party: {
      group: "Begin",
      summary: "gives an evening for real people and their phones",
      load: () => import("./core/party/party.ts"),
    },
    doctor: {
      group: "Begin",
      summary: "says whether this host can carry so many users",
      load: () => import("./core/doctor/doctor.ts"),
    },
    server: {
      group: "Run an event",
      summary: "holds connections and decides every shake",
      load: () => import("./core/server/server.ts"),
    },
    client: {
      group: "Run an event",
      summary: "plays a fleet of users against servers",
      load: () => import("./core/client/main/client.ts"),
    },
    gateway: {
      group: "Run an event",
      summary: "brings users of browsers to servers: WebSockets to TCP",
      load: () => import("./core/gateway/gateway.ts"),
    },
    show: {
      group: "Run an event",
      summary: "directs a live show: go, hold, shift, cut, and who has it",
      load: () => import("./core/show/command/command.ts"),
    },
    hosts: {
      group: "Run an event",
      summary: "makes and signs the list of hosts that users find theirs by",
      load: () => import("./core/hosts/command/hosts_command.ts"),
    },
    drain: {
      group: "Run an event",
      summary: "moves a host's users elsewhere, then stops it",
      load: () => import("./core/hosts/command/drain_command.ts"),
    },
    depot: {
      group: "Run an event",
      summary: "serves what phones fetch in idle time, and packs it",
      load: () => import("./core/depot/depot_command.ts"),
    },
    token: {
      group: "Run an event",
      summary: "makes tokens that users log in with, and keys for them",
      load: () => import("./core/token/command.ts"),
    },
    rehearse: {
      group: "Rehearse and watch",
      summary: "runs a whole event and says PASS or FAIL",
      load: () => import("./core/rehearse/rehearse.ts"),
    },
    report: {
      group: "Rehearse and watch",
      summary: "makes a rehearsal's report anew, or compares two",
      load: () => import("./core/report/report.ts"),
    },
    monitor: {
      group: "Rehearse and watch",
      summary: "shows what servers and fleets do, live",
      load: () => import("./core/monitor/monitor.ts"),
    },
    judge: {
      group: "Rehearse and watch",
      summary: "says PASS or FAIL of servers and fleets that run already",
      load: () => import("./core/judge/judge_command.ts"),
    },
    plan: {
      group: "Rehearse and watch",
      summary: "says what an event needs: hosts, links, memory, books, and what survives",
      load: () => import("./core/plan/plan_command.ts"),
    },
    world: {
      group: "Rehearse and watch",
      summary: "plays whole events in virtual time, with faults out of a seed, and proves every fen",
      load: () => import("./core/world/world_command.ts"),
    },
    seed: {
      group: "Money",
      summary: "makes and audits the money: seed files of tickets",
      load: () => import("./core/seed/seed.ts"),
    },
    ledger: {
      group: "Money",
      summary: "checks, shows, exports and closes a ledger",
      load: () => import("./core/audit/ledger_command.ts"),
    },
    reconcile: {
      group: "Money",
      summary: "compares a ledger with what the users saw",
      load: () => import("./core/reconcile/reconcile_command.ts"),
    },
    books: {
      group: "Money",
      summary: "keeps what all hosts awarded in one place, to be settled and paid",
      load: () => import("./core/books/command/books_command.ts"),
    },
    settle: {
      group: "Money",
      summary: "judges what was opened at all hosts: who is paid, and what is over a limit",
      load: () => import("./core/settle/settle_command.ts"),
    },
    payout: {
      group: "Money",
      summary: "pays what was settled, through a payment gateway, each packet once",
      load: () => import("./core/payout/payout_command.ts"),
    },
    statement: {
      group: "Money",
      summary: "says what became of each sponsor's money",
      load: () => import("./core/statement/statement_command.ts"),
    },
    "fake-gateway": {
      group: "Money",
      summary: "stands in for a payment gateway in rehearsals of payout",
      load: () => import("./core/payout/fake_gateway_command.ts"),
    },
    completion: {
      group: "This program",
      summary: "prints what makes a shell complete commands and flags",
      load: async () => ({
        command: (await import("./core/cli/command/completion.ts")).completionCommand(commands),
      }),
    },
    man: {
      group: "This program",
      summary: "prints manual pages",
      load: async () => ({ command: (await import("./core/cli/command/manual.ts")).manualCommand(commands) }),
    },
  };
  Deno.exit(await dispatch(processHost(program), commands, VERSION));
}
