import { createPrivateKey, X509Certificate } from "node:crypto";
import type { TlsPair } from "../../admin/http_server.ts";
import { every } from "../../base/clock.ts";
import { UserError } from "../../base/user_error.ts";
import type { Log } from "../../cli/log.ts";

/** Where a certificate and its key are, both in PEM. */
export interface TlsPaths {
  readonly cert: string;
  readonly key: string;
}

/** How often it is looked whether the files are others, in ms: tools that renew certificates replace them anyhow. */
const LOOK_MS = 5_000;

/**
 * Reads a certificate and its key.
 *
 * @throws UserError if a file can't be read, is none, or they don't belong together
 */
export function readTls({ cert, key }: TlsPaths): TlsPair {
  const pair = { cert: readText(cert, "--tls-cert"), key: readText(key, "--tls-key") };
  const problem = tlsProblem(pair);
  if (problem !== undefined) throw new UserError(`--tls-cert ${cert}, --tls-key ${key}: ${problem}`);
  return pair;
}

/** What is wrong with a pair, undefined if it is good. */
function tlsProblem({ cert, key }: TlsPair): string | undefined {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(cert);
  } catch {
    return "the first is no certificate in PEM";
  }
  try {
    if (certificate.checkPrivateKey(createPrivateKey(key))) return undefined;
    return "the key is another certificate's";
  } catch {
    return "the second is no private key in PEM without a password";
  }
}

/**
 * Looks whether the files have changed, and hands on what is new and good; what is not good is told in the log, and the
 * old certificate stays. Returns a function that ends it.
 */
export function watchTls(
  paths: TlsPaths,
  first: TlsPair,
  log: Log,
  renewed: (pair: TlsPair) => void,
  lookMs = LOOK_MS,
): () => void {
  let last = first;
  let told = "";
  return every(lookMs, () => {
    try {
      const pair = readTls(paths);
      told = "";
      if (pair.cert === last.cert && pair.key === last.key) return;
      last = pair;
      renewed(pair);
      log("info", "certificate renewed", { until: new X509Certificate(pair.cert).validTo });
    } catch (error) {
      const { message } = error as Error;
      // Files are replaced one after the other: only what stays wrong is worth a line, and one.
      if (message !== told) log("warn", "certificate not renewed", { reason: message });
      told = message;
    }
  });
}

function readText(path: string, flag: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    const reason = error instanceof Deno.errors.NotFound ? "there is no such file" : (error as Error).message;
    throw new UserError(`${flag} ${path}: cannot be read: ${reason}`);
  }
}
