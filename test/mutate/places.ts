/** Sources that belong together, and are counted together. */
export interface Place {
  readonly name: string;
  /** Files and folders. */
  readonly sources: readonly string[];
}

/** What is changed, unless flags say otherwise: where a mistake costs money. */
export const PLACES: readonly Place[] = [
  ...[
    "core/token",
    "core/seed",
    "core/reconcile",
    "core/ledger/chain",
    "core/ledger/checkpoint",
    "core/ledger/disk",
    "core/ledger/evidence",
    "core/ledger/judge",
    "core/ledger/kinds",
    "core/ledger/projection",
    "core/ledger/record",
    "core/ledger/registry",
    "core/ledger/ring",
    "core/ledger/store",
    "core/ledger/thread",
    "core/audit",
    "core/settle",
    "core/payout",
    "core/books/account",
    "core/books/contract",
    "core/statement",
  ].map((name) => ({ name, sources: [name] })),
  { name: "event times and ids", sources: ["core/base/event_time.ts", "core/base/id_space.ts"] },
  // Of the plugins, the ways that money goes.
  {
    name: "plugins/shake",
    sources: [
      "plugins/shake/host/batches.ts",
      "plugins/shake/host/generator.ts",
      "plugins/shake/host/host_plugin.ts",
      "plugins/shake/set/opens.ts",
      "plugins/shake/host/orders.ts",
      "plugins/shake/common/packet_queue.ts",
      "plugins/shake/set/set_plugin.ts",
    ],
  },
  {
    name: "plugins/seed",
    sources: [
      "plugins/seed/releases.ts",
      "plugins/seed/schedule.ts",
      "plugins/seed/wave_changes.ts",
      "plugins/seed/wave_player.ts",
      "plugins/seed/wave_routes.ts",
    ],
  },
  {
    name: "plugins/send",
    sources: [
      "plugins/send/common/deadline.ts",
      "plugins/send/common/split.ts",
      "plugins/send/host/funding.ts",
      "plugins/send/host/groups.ts",
      "plugins/send/host/host_sends.ts",
      "plugins/send/set/ledger_queries.ts",
      "plugins/send/set/owned_packet.ts",
      "plugins/send/set/packet_owner.ts",
      "plugins/send/set/sender.ts",
      "plugins/send/set/set_plugin.ts",
    ],
  },
];

/**
 * Files of tests that take no part: browsers, servers of other programs, whole rehearsals and random damage take too long
 * for each mutant, and those of this tool and of the lint rules know nothing of money.
 */
export const NO_PART =
  /browser|^test\/(mutate|lint|monitor|party|gateway|show|phone|protocol)\/|damage_test|rehears|postgres|packed|docs_test/;

/**
 * Files whose tests start processes or threads, asked about what no other test notices. Those that kill at random moments
 * are none: what they say isn't the same twice.
 */
export const WHOLE_TESTS: readonly string[] = [
  "test/ledger/ledger_process_test.ts",
  "test/orders/order_process_test.ts",
  "test/seed/seed_claim_test.ts",
  "test/seed/seed_test.ts",
  "test/send/send_server_test.ts",
  "test/server/host_number_test.ts",
  "test/books/settle_process_test.ts",
];

/**
 * Commands and threads, which tests of whole processes run; those don't take part. And the picture of a plan, which moves
 * no money.
 */
export const LEFT_OUT =
  /_test\.ts$|\/testing\.ts$|command\.ts$|core\/seed\/seed\.ts$|\/picture\.ts$|_worker\.ts$|_loop\.ts$|_thread\.ts$|\/metrics\.ts$/;
