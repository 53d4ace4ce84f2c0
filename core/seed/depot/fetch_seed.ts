import { ExitCode, UserError } from "../../base/user_error.ts";
import type { Host } from "../../cli/host.ts";
import type { Log } from "../../cli/log.ts";
import { KeyFolder } from "../file/keys.ts";
import { DepotAway, DepotClient } from "./depot_client.ts";
import type { SeedManifest } from "./seed_manifest.ts";
import { SeedStore } from "./seed_store.ts";

export interface FetchSeedOptions {
  readonly url: string;
  readonly hostId: string;
  /** Folder with the keys that are trusted. */
  readonly keys: string;
  /** Where files are kept. */
  readonly folder: string;
}

/** Whether a seed is named by a depot's address. */
export function isDepotUrl(seed: string): boolean {
  return /^https?:\/\//.test(seed);
}

/**
 * Fetches a host's own seed file from a depot, unless it is here already, and proves it. With the depot away the host goes
 * by the manifest that it has.
 *
 * @returns the file's path
 * @throws UserError
 */
export async function fetchSeed(
  host: Host,
  { url, hostId, keys, folder }: FetchSeedOptions,
  log: Log,
): Promise<string> {
  const client = new DepotClient(host, url, "--seed");
  const store = new SeedStore(folder, new KeyFolder(keys));
  try {
    const manifest = await newestManifest(client, store, log);
    const file = manifest.files.find((each) => each.host === hostId);
    if (file === undefined) {
      throw new UserError(
        `--seed ${url}: manifest ${manifest.version} has no file for host ${hostId}. Bring it: redpkt seed push`,
      );
    }
    let state = store.state(file.hash);
    if (!state.isWhole) {
      log("info", "fetching the seed file", { from: client.place, hash: file.hash, bytes: file.bytes });
    }
    while (!state.isWhole) {
      const { bytes, total } = await client.piece(file.hash, state.bytes);
      const isShort = bytes.length === 0 && state.bytes < total;
      if (total !== file.bytes || isShort) {
        throw new DepotAway(`${url}: has another file than its manifest`);
      }
      state = await store.add(file.hash, state.bytes, bytes, total);
    }
    return store.path(file.hash);
  } catch (error) {
    if (!(error instanceof DepotAway)) throw error;
    throw new UserError(
      `--seed ${error.message}. Start it again when the depot is back`,
      ExitCode.diskFailed,
    );
  }
}

/** The depot's manifest, or our own where the depot is away or has an older one. */
async function newestManifest(client: DepotClient, store: SeedStore, log: Log): Promise<SeedManifest> {
  const ours = store.manifest();
  let text: string | undefined;
  try {
    text = await client.manifest();
    if (text === undefined) throw new DepotAway(`${client.place}: has no manifest yet`);
  } catch (error) {
    if (!(error instanceof DepotAway) || ours === undefined) throw error;
    log("warn", "the seed depot is away: going by the manifest that is here", { why: error.message });
    return ours;
  }
  const theirs = store.readManifest(text, client.place);
  if (ours !== undefined && theirs.version < ours.version) {
    log("warn", "the seed depot has an older manifest than this host", {
      depot: theirs.version,
      here: ours.version,
    });
    return ours;
  }
  store.keepManifest(text);
  return theirs;
}
