import { isIP } from "node:net";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { UserError } from "../../base/user_error.ts";

/** How the client is to encrypt. */
export interface PostgresTls {
  readonly ca?: string;
  readonly rejectUnauthorized: boolean;
  /** Why the certificate isn't that of the host; undefined if it is. */
  readonly checkServerIdentity?: (host: string, certificate: PeerCertificate) => Error | undefined;
}

/** An address as the client takes it. */
export interface PostgresOptions {
  readonly url: string;
  /** Undefined: not at all. */
  readonly ssl: PostgresTls | undefined;
}

const MODES = ["disable", "require", "verify-ca", "verify-full"] as const;

/** Whether the books of this address are in PostgreSQL. */
export function isPostgresUrl(url: string): boolean {
  return /^postgres(ql)?:\/\//.test(url);
}

/** An address for people: without its password, whatever characters that has, and without its settings. */
export function booksPlace(url: string): string {
  if (!isPostgresUrl(url)) return url;
  const [, scheme, rest] = /^(\w+:\/\/)(.*)$/s.exec(url)!;
  const at = rest.lastIndexOf("@");
  const user = at < 0 ? "" : `${rest.slice(0, at).replace(/:.*$/s, "")}@`;
  return scheme + user + rest.slice(at + 1).replace(/\?.*$/s, "");
}

/**
 * Takes out of an address what the client would hand to the server as a setting: `sslmode` and `sslrootcert`, as `psql`
 * knows them.
 *
 * @throws UserError
 */
export function postgresOptions(url: string): PostgresOptions {
  const [address, query = ""] = url.split("?");
  // With several hosts, apart by commas, it is an address with the first of them alone.
  if (!URL.canParse(address.replace(/(,[^,/]*)+(?=\/|$)/, ""))) {
    throw new UserError(
      `--books ${booksPlace(url)}: is no address. Give postgres://USER@HOST:PORT/DATABASE`,
    );
  }
  const params = new URLSearchParams(query);
  const mode = params.get("sslmode");
  const root = params.get("sslrootcert");
  params.delete("sslmode");
  params.delete("sslrootcert");
  const rest = params.size === 0 ? address : `${address}?${params}`;
  if (mode !== null && !(MODES as readonly string[]).includes(mode)) {
    throw new UserError(`--books ${booksPlace(url)}: sslmode=${mode}: must be one of ${MODES.join(", ")}`);
  }
  if (mode === null && root === null) return { url: rest, ssl: undefined };
  if (mode === "disable") return { url: rest, ssl: undefined };
  const ca = root === null || root === "system" ? {} : { ca: readRoot(url, root) };
  // A certificate that nobody checks keeps out listeners, and not whoever sits in between.
  if (mode === "require" && root === null) return { url: rest, ssl: { rejectUnauthorized: false } };
  if (mode === "verify-ca") {
    return { url: rest, ssl: { ...ca, rejectUnauthorized: true, checkServerIdentity: () => undefined } };
  }
  return { url: rest, ssl: { ...ca, rejectUnauthorized: true, checkServerIdentity: identityOf(address) } };
}

/**
 * The client names no host that is an IP address, and `localhost` is checked then: such a certificate must be for one of
 * the address's own.
 */
function identityOf(address: string): NonNullable<PostgresTls["checkServerIdentity"]> {
  const hosts = address.replace(/^\w+:\/\//, "").replace(/\/.*$/s, "").replace(/^.*@/s, "").split(",")
    .map((host) => host.replace(/:\d+$/, ""));
  return (host, certificate) => {
    const checked = hosts.includes(host) ? [host] : hosts.filter((one) => isIP(one) !== 0);
    const faults = (checked.length === 0 ? [host] : checked).map((one) =>
      checkServerIdentity(one, certificate)
    );
    return faults.includes(undefined) ? undefined : faults[0];
  };
}

function readRoot(url: string, path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    throw new UserError(
      `--books ${booksPlace(url)}: sslrootcert=${path}: cannot be read: ${(error as Error).message}`,
    );
  }
}
