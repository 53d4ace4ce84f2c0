/** What is changed, unless flags say otherwise: where a mistake costs money. Files and folders. */
export const SOURCES: readonly string[] = [
  "core/token",
  "core/seed",
  "core/reconcile",
  "core/ledger",
  "core/audit",
  "core/base/event_time.ts",
  "core/base/id_space.ts",
  // Of the plugins, the ways that money goes.
  "plugins/shake/host/batches.ts",
  "plugins/shake/host/generator.ts",
  "plugins/shake/host/host_plugin.ts",
  "plugins/shake/set/opens.ts",
  "plugins/shake/host/orders.ts",
  "plugins/shake/common/packet_queue.ts",
  "plugins/shake/set/set_plugin.ts",
  "plugins/seed/releases.ts",
  "plugins/seed/schedule.ts",
  "plugins/seed/wave_changes.ts",
  "plugins/seed/wave_player.ts",
  "plugins/seed/wave_routes.ts",
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
];

/** Tests of more than one folder. Those beside the sources are taken besides. */
export const TESTS: readonly string[] = [
  "core/audit/upgrade_test.ts",
  "core/client/answers/server_frames_test.ts",
  "core/server/host/claim_watch_test.ts",
  "core/server/money/host_money_test.ts",
  "core/server/host/host_seed_test.ts",
  "core/server/money/money_route_test.ts",
  "core/server/host/placed_orders_test.ts",
  "test/ledger/audit_edits_test.ts",
  "test/ledger/backup_sync_test.ts",
  "test/ledger/backup_test.ts",
  "test/ledger/clock_steps_test.ts",
  "test/ledger/ledger_alone_test.ts",
  "test/ledger/ledger_files_test.ts",
  "test/ledger/ledger_loss_test.ts",
  "test/ledger/ledger_sim_test.ts",
  "test/ledger/ledger_test.ts",
  "test/ledger/open_files_test.ts",
  "test/orders/order_ids_test.ts",
  "test/orders/order_sim_test.ts",
  "test/orders/wave_order_test.ts",
  "test/seed/greeting_test.ts",
  "test/seed/seed_format_test.ts",
  "test/seed/seed_release_test.ts",
  "test/send/send_chaos_test.ts",
  "test/send/send_fleet_test.ts",
  "test/send/send_money_test.ts",
  "test/send/send_test.ts",
  "test/server/admission_test.ts",
  "test/server/award_test.ts",
  "test/server/clock_steps_test.ts",
  "test/server/shake_test.ts",
  "test/server/version1_test.ts",
];

/**
 * Commands and threads, which tests of whole processes run; those don't take part. And the picture of a plan, which moves
 * no money.
 */
export const LEFT_OUT =
  /_test\.ts$|\/testing\.ts$|command\.ts$|core\/seed\/seed\.ts$|\/picture\.ts$|_worker\.ts$|_loop\.ts$|_thread\.ts$|\/metrics\.ts$/;
