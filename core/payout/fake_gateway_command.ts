import { z } from "zod";
import { every } from "../base/clock.ts";
import { exists } from "../base/exists.ts";
import { Random, systemBytes, systemSeed } from "../base/random.ts";
import { formatCount, formatYuan } from "../base/units.ts";
import { ExitCode, UserError } from "../base/user_error.ts";
import { flag, type Flags, type FlagValues, wholeNumber } from "../cli/flags.ts";
import { commandOf } from "../cli/command/command.ts";
import type { Host } from "../cli/host.ts";
import { JSON_FLAG, writeResult } from "../cli/json_output.ts";
import { openLog } from "../cli/log.ts";
import { FakeGateway } from "./fake/fake_gateway.ts";
import { GatewayFaults } from "./fake/gateway_faults.ts";
import { PaymentStore } from "./fake/payment_store.ts";
import { readGatewayKey } from "./gateway/signature.ts";

/** How often its log says what it has done. */
const REPORT_MS = 10_000;

const percent = z.string().optional().transform((text, context) => {
  const number = Number(text ?? "0");
  if (number >= 0 && number <= 100) return number;
  context.addIssue({ code: "custom", message: "must be a number from 0 to 100" });
  return z.NEVER;
});

const FAKE_GATEWAY_FLAGS = {
  port: flag("N", "port on 127.0.0.1; 0 takes a free one", wholeNumber(0, 65_535).default(8100)),
  statement: flag("FILE", "what it has paid and refused, kept for ever", z.string().default("gateway.db")),
  key: flag(
    "FILE",
    "key that requests are signed with; made if there is none",
    z.string().default("gateway.key"),
  ),
  export: flag(
    "FILE",
    "writes the statement to a CSV file instead, beside a running one too",
    z.string().optional(),
  ),
  "fail-percent": flag("N", "of the orders: answers 503 and does nothing [0]", percent),
  "refuse-percent": flag("N", "of the orders: won't pay them, for ever [0]", percent),
  "timeout-before-percent": flag("N", "of the orders: does nothing and never answers [0]", percent),
  "timeout-after-percent": flag("N", "of the orders: pays and never answers [0]", percent),
  seed: flag("N", "what is drawn [differs each time]", wholeNumber(0, 2 ** 32 - 1).optional()),
  json: JSON_FLAG,
} satisfies Flags;

type Options = FlagValues<typeof FAKE_GATEWAY_FLAGS>;

/** `redpkt fake-gateway`: pays nobody, in every way in which a bank does. */
export const command = commandOf({
  name: "fake-gateway",
  about: "A payment gateway that pays nobody, and fails as often as it is told. For rehearsals.",
  flags: FAKE_GATEWAY_FLAGS,
  examples: [
    { line: "redpkt fake-gateway --fail-percent 5", shows: "answers 503 to every twentieth order" },
    { line: "redpkt fake-gateway --export paid.csv", shows: "writes down what it has paid and refused" },
  ],
}, async (host, values) => {
  if (values.export !== undefined && !exists(values.statement)) {
    throw new UserError(`--statement ${values.statement}: there is no such file`);
  }
  const store = new PaymentStore(values.statement);
  try {
    return values.export === undefined
      ? await serve(host, values, store)
      : exportTo(host, values.export, values.json, store);
  } finally {
    store.close();
  }
});

function exportTo(host: Host, path: string, isJson: boolean, store: PaymentStore): number {
  try {
    using file = Deno.openSync(path, { write: true, create: true, truncate: true });
    const encoder = new TextEncoder();
    for (const piece of store.csv()) {
      const bytes = encoder.encode(piece);
      for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
    }
    file.syncSync();
  } catch (error) {
    throw new UserError(`--export ${path}: cannot be written: ${(error as Error).message}`);
  }
  const sums = store.sums();
  const text = () =>
    `${path}: ${formatCount(sums.paid)} paid, ${formatYuan(sums.paidFen)}; ${
      formatCount(sums.refused)
    } refused\n`;
  writeResult(host, isJson, { file: path, ...sums }, text);
  return ExitCode.ok;
}

async function serve(host: Host, values: Options, store: PaymentStore): Promise<number> {
  const log = openLog(host, "fake-gateway");
  const seed = values.seed ?? systemSeed();
  const gateway = new FakeGateway({
    store,
    key: takeKey(values.key),
    clock: host.clock,
    faults: new GatewayFaults({
      fail: values["fail-percent"],
      refuse: values["refuse-percent"],
      timeoutBefore: values["timeout-before-percent"],
      timeoutAfter: values["timeout-after-percent"],
    }, new Random(seed)),
  });
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
  const forget = host.onStopSignal(() => stop());
  const server = listen(values.port, gateway);
  const { port } = server.addr as Deno.NetAddr;
  log("info", "listening", { url: `http://127.0.0.1:${port}`, statement: values.statement, seed });
  const endReports = every(REPORT_MS, () => log("info", "so far", { ...gateway.counts }));
  await stopped;
  endReports();
  forget();
  const isDown = server.shutdown();
  gateway.stop();
  await isDown;
  log("info", "stopped", { ...gateway.counts, ...store.sums() });
  return ExitCode.ok;
}

function listen(port: number, gateway: FakeGateway): Deno.HttpServer {
  try {
    return Deno.serve({ hostname: "127.0.0.1", port, onListen: () => {} }, gateway.fetch);
  } catch (error) {
    throw new UserError(`--port ${port}: cannot be had: ${(error as Error).message}. Give another one`);
  }
}

/** The key in a file; a new file if there is none, which only its owner may read. */
function takeKey(path: string): Uint8Array {
  if (!exists(path)) {
    try {
      Deno.writeTextFileSync(path, `${systemBytes(32).toHex()}\n`, { createNew: true, mode: 0o600 });
    } catch (error) {
      throw new UserError(`--key ${path}: cannot be written: ${(error as Error).message}`);
    }
  }
  return readGatewayKey(path, "--key");
}
