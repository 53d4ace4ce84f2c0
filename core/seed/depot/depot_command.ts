import { z } from "zod";
import { showsToken } from "../../admin/bearer.ts";
import { httpAddress } from "../../admin/http_address.ts";
import { serveHttp } from "../../admin/http_server.ts";
import { allowHostFlag } from "../../admin/host_name.ts";
import { tokenOf } from "../../admin/serve.ts";
import { ExitCode, UserError } from "../../base/user_error.ts";
import { flag, type Flags } from "../../cli/flags.ts";
import { commandOf } from "../../cli/command/command.ts";
import { openLog } from "../../cli/log.ts";
import { readTls } from "../../gateway/tls/tls_files.ts";
import { KeyFolder } from "../file/keys.ts";
import { seedGuard, serveSeeds } from "./seed_service.ts";
import { SeedStore } from "./seed_store.ts";

const FLAGS = {
  dir: flag("DIR", "where files are kept, each under its hash", z.string().default("seed-depot")),
  keys: flag("DIR", "folder of keys whose files are taken (DIR/trusted)", z.string().default("keys")),
  listen: flag(
    "HOST:PORT",
    "address for those who push and fetch, port 0 for any free one [127.0.0.1:8991]",
    httpAddress("127.0.0.1:8991").prefault("127.0.0.1:8991"),
  ),
  "allow-host": allowHostFlag("the depot"),
  "tls-cert": flag("FILE", "certificate in PEM; then TLS is spoken", z.string().optional()),
  "tls-key": flag("FILE", "its key in PEM", z.string().optional()),
} satisfies Flags;

/** Pieces of a file are bigger than what an admin API is asked. */
const LIMITS = { connections: 1_024, streams: 0, requestMs: 60_000, readMs: 60_000 };

/** `redpkt seed depot`. */
export const depotCommand = commandOf({
  name: "seed depot",
  about:
    "Keeps seed files for hosts to fetch: redpkt seed push brings them, redpkt server --seed URL fetches\n" +
    "its own. Who pushes or fetches shows REDPKT_TOKEN; off loopback there must be one.",
  flags: FLAGS,
  examples: [{ line: "redpkt seed depot --dir seed-depot", shows: "keeps files in that folder" }],
}, async (host, values) => {
  const { "tls-cert": cert, "tls-key": key } = values;
  if ((cert === undefined) !== (key === undefined)) {
    throw new UserError("--tls-cert and --tls-key: give both or neither");
  }
  const door = { flag: "--listen", what: "the depot", address: values.listen, names: values["allow-host"] };
  const token = tokenOf(host, door);
  const log = openLog(host, "seed depot");
  const store = new SeedStore(values.dir, new KeyFolder(values.keys));
  const isKnown = token === undefined ? undefined : (request: Request) => showsToken(request, token);
  let refused = 0;
  const service = {
    guard: seedGuard({ ...door, isKnown }),
    fetch: (request: Request) => serveSeeds(store, request),
    count: () => void refused++,
  };
  const tls = cert === undefined ? {} : { tls: readTls({ cert, key: key! }) };
  const running = await serveHttp(values.listen, service, LIMITS, tls).catch((error) => {
    throw new UserError(
      `--listen ${values.listen.hostname}:${values.listen.port}: cannot be had: ${error.message}`,
    );
  });
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
  const forget = host.onStopSignal(() => stop());
  const { hostname, port } = running.address;
  log("info", "listening", { listen: `${hostname}:${port}`, dir: values.dir, tls: cert !== undefined });
  await stopped;
  forget();
  await running.stop();
  log("info", "stopped", { refused });
  return ExitCode.ok;
});
