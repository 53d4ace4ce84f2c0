import { z } from "zod";
import { sleep } from "../../base/clock.ts";
import { formatCount } from "../../base/units.ts";
import { ExitCode, UserError } from "../../base/user_error.ts";
import { flag, type Flags } from "../../cli/flags.ts";
import { commandOf } from "../../cli/command/command.ts";
import { JSON_FLAG, writeResult } from "../../cli/json_output.ts";
import { Progress } from "../../cli/progress.ts";
import { KeyFolder, type SigningKey } from "../file/keys.ts";
import { SeedFile } from "../file/seed_file.ts";
import { DepotAway, DepotClient } from "./depot_client.ts";
import { type ManifestFile, readSeedManifest, signSeedManifest } from "./seed_manifest.ts";
import { PIECE_BYTES } from "./seed_store.ts";

/** How often a depot that is away is tried, and how long it rests in between, in ms. */
const MOST_TRIES = 10;
const REST_MS = 1_000;

const FLAGS = {
  to: flag("URL", "where redpkt seed depot listens", z.string().min(1).optional()),
  keys: flag("DIR", "folder of keys", z.string().default("keys")),
  json: JSON_FLAG,
} satisfies Flags;

interface Pushed extends ManifestFile {
  readonly path: string;
}

/** `redpkt seed push`. */
export const pushCommand = commandOf({
  name: "seed push",
  about:
    "Brings seed files to a depot, which proves each by its hash and signature, and a signed manifest of\n" +
    "whose they are. Broken off and run again it goes on where it stood. REDPKT_TOKEN holds the depot's token.",
  takes: "FILE...",
  flags: FLAGS,
  examples: [{
    line: "redpkt seed push seeds/host-000.seed seeds/host-001.seed --to http://127.0.0.1:8991",
    shows: "brings two hosts' files to a depot",
  }],
}, async (host, values, operands) => {
  const keys = new KeyFolder(values.keys);
  const key = keys.signing();
  const problems = [
    ...(operands.length === 0 ? [`give files, such as seeds/host-000.seed`] : []),
    ...(values.to === undefined ? ["--to: is missing: where does redpkt seed depot listen?"] : []),
    ...(key === undefined ? [`--keys ${values.keys}: there is no key to sign the manifest with`] : []),
  ];
  if (problems.length > 0) throw new UserError(problems.join("\n"));
  const client = new DepotClient(host, values.to!, "--to");
  const files = operands.map((path) => read(path, keys));
  const twice = files.find(({ host }, i) => files.findIndex((other) => other.host === host) < i);
  if (twice !== undefined) {
    throw new UserError(`${twice.path}: is for host ${twice.host}, as another file is`);
  }
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const progress = new Progress(host, "bytes");
  try {
    for (const file of files) await push(client, file, (bytes) => progress.add(bytes, total, file.path));
    progress.end();
    const version = await trying(() => pushManifest(client, files, keys, key!));
    writeResult(
      host,
      values.json,
      {
        to: client.place,
        version,
        files: files.map(({ path, host, hash, bytes }) => ({ file: path, host, hash, bytes })),
      },
      () =>
        `${client.place}: ${formatCount(files.length)} files, ${
          formatCount(total)
        } bytes; manifest ${version}\n`,
    );
    return ExitCode.ok;
  } catch (error) {
    if (!(error instanceof DepotAway)) throw error;
    throw new UserError(`${error.message}. Run it again: it goes on where it stood`, ExitCode.diskFailed);
  }
});

function read(path: string, keys: KeyFolder): Pushed {
  using file = new SeedFile(path);
  file.checkSignature(keys.trusted());
  return { path, host: file.description.host.id, hash: file.hash, bytes: Deno.statSync(path).size };
}

async function push(
  client: DepotClient,
  { path, hash, bytes }: Pushed,
  onBytes: (bytes: number) => void,
): Promise<void> {
  using file = Deno.openSync(path);
  let state = await trying(() => client.state(hash));
  onBytes(state.bytes);
  for (let idle = 0; !state.isWhole;) {
    const at = state.bytes;
    // All of it is there: somebody has it proven, or was ended while it was, and then we have it proven.
    if (at >= bytes && ++idle > MOST_TRIES) {
      throw new DepotAway(`${client.place}: proves ${hash} for too long`);
    }
    if (at >= bytes && idle > 1) await sleep(REST_MS);
    const piece = new Uint8Array(Math.max(0, Math.min(PIECE_BYTES, bytes - at)));
    file.seekSync(at, Deno.SeekMode.Start);
    for (let got = 0; got < piece.length;) got += file.readSync(piece.subarray(got)) ?? piece.length;
    state = await trying(() => client.put(hash, at, piece, bytes));
    onBytes(Math.max(0, state.bytes - at));
  }
}

/** A host's file is the one that was pushed last; those of other hosts stay. */
async function pushManifest(
  client: DepotClient,
  pushed: readonly Pushed[],
  keys: KeyFolder,
  key: SigningKey,
): Promise<number> {
  for (;;) {
    const text = await client.manifest();
    const before = text === undefined ? undefined : readSeedManifest(text, keys.trusted(), client.place);
    const others = (before?.files ?? []).filter(({ host }) => !pushed.some((file) => file.host === host));
    const ours = pushed.map(({ host, hash, bytes }) => ({ host, hash, bytes }));
    const files = [...others, ...ours].sort((a, b) => a.host < b.host ? -1 : 1);
    if (before !== undefined && JSON.stringify(before.files) === JSON.stringify(files)) return before.version;
    const version = (before?.version ?? 0) + 1;
    if (await client.putManifest(signSeedManifest({ schemaVersion: 1, version, files }, key))) return version;
  }
}

async function trying<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 1;; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof DepotAway) || tries === MOST_TRIES) throw error;
      await sleep(REST_MS);
    }
  }
}
