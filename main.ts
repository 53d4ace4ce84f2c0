/**
 * The one entry of redpkt: the command line on the main thread, and the worker threads' beginning. Here alone the core
 * meets the plugins and scenarios that come with it, which `plugins/built_in.ts` lists.
 */
import { builtIn } from "./plugins/built_in.ts";
import type { Program } from "./core/cli/host.ts";
import { firstParentMessage, threadRole } from "./core/threads/thread.ts";

const program: Omit<Program, "command"> = { entry: import.meta.url, ...builtIn };

/** What a worker thread does, by its name. Each is sent one message that says the rest. */
const roles: Record<string, () => Promise<unknown>> = {
  async access() {
    const { runAccessWorker } = await import("./core/server/worker/access_worker.ts");
    // deno-lint-ignore no-explicit-any
    return runAccessWorker(await firstMessage as any, { ...program, command: ["redpkt"] });
  },
  async ledger() {
    const { runLedgerWorker } = await import("./core/ledger/thread/ledger_worker.ts");
    // deno-lint-ignore no-explicit-any
    return runLedgerWorker(await firstMessage as any);
  },
  async projector() {
    const { runProjectorWorker } = await import("./core/ledger/thread/projector_worker.ts");
    // deno-lint-ignore no-explicit-any
    return runProjectorWorker(await firstMessage as any);
  },
  async link() {
    const { runLinkWorker } = await import("./core/link/link_worker.ts");
    // deno-lint-ignore no-explicit-any
    return runLinkWorker(await firstMessage as any);
  },
  async fleet() {
    const { runFleetWorker } = await import("./core/client/main/fleet_worker.ts");
    // deno-lint-ignore no-explicit-any
    return runFleetWorker(await firstMessage as any);
  },
  async fetch() {
    const { runFetchWorker } = await import("./core/client/fetch/fetch_worker.ts");
    // deno-lint-ignore no-explicit-any
    return runFetchWorker(await firstMessage as any);
  },
};

const role = threadRole();
// Listened for at once: the message may come while modules are still loading.
const firstMessage = role === undefined ? undefined : firstParentMessage();

if (role !== undefined) {
  await roles[role]();
} else {
  const [{ dispatch }, { processHost }, { VERSION }] = await Promise.all([
    import("./core/cli/dispatch.ts"),
    import("./core/cli/process_host.ts"),
    import("./core/base/version.ts"),
  ]);
  const commands = {
    server: {
      summary: "holds connections and decides every shake",
      load: () => import("./core/server/server.ts"),
    },
    client: {
      summary: "plays a fleet of users against servers",
      load: () => import("./core/client/main/client.ts"),
    },
    seed: {
      summary: "makes and audits the money: seed files of tickets",
      load: () => import("./core/seed/seed.ts"),
    },
    rehearse: {
      summary: "runs a whole event and says PASS or FAIL",
      load: () => import("./core/rehearse/rehearse.ts"),
    },
    report: {
      summary: "makes a rehearsal's report anew, or compares two",
      load: () => import("./core/report/report.ts"),
    },
    monitor: {
      summary: "shows what servers and fleets do, live",
      load: () => import("./core/monitor/monitor.ts"),
    },
    doctor: {
      summary: "says whether this host can carry so many users",
      load: () => import("./core/doctor/doctor.ts"),
    },
    ledger: {
      summary: "checks, shows, exports and closes a ledger",
      load: () => import("./core/audit/ledger_command.ts"),
    },
    reconcile: {
      summary: "compares a ledger with what the users saw",
      load: () => import("./core/reconcile/reconcile_command.ts"),
    },
    depot: {
      summary: "serves what phones fetch in idle time, and packs it",
      load: () => import("./core/depot/depot_command.ts"),
    },
    token: {
      summary: "makes tokens that users log in with, and keys for them",
      load: () => import("./core/token/command.ts"),
    },
    show: {
      summary: "directs a live show: go, hold, shift, cut, and who has it",
      load: () => import("./core/show/console/command.ts"),
    },
    demo: {
      summary: "rehearses the gala on this machine",
      load: () => import("./core/rehearse/demo.ts"),
    },
  };
  Deno.exit(await dispatch(processHost(program), commands, VERSION));
}
