import type { ConfigFile } from "../cli/config_file.ts";
import { isPluginFile } from "../plugin/loader.ts";
import { SERVER_FLAGS, type ServerOptions } from "./options.ts";

/** What a config file that nobody named may say: see docs/security.md. Whatever is new may not be said there. */
const TUNING_FLAGS: ReadonlySet<string> = new Set<keyof typeof SERVER_FLAGS>([
  "port",
  "host",
  "workers",
  "priority",
  "set-size",
  "max-connections",
  "engine",
  "plugins",
  "verdict-ms",
  "login-seconds",
  "frame-seconds",
  "read-seconds",
  "idle-seconds",
  "drain-seconds",
]);

/**
 * A file that merely lies in the working folder may come from anybody: it tunes, and neither runs code, nor says who may
 * come in, nor where money is.
 */
export function foundFileProblems({ path, isFound, server }: ConfigFile): string[] {
  if (!isFound) return [];
  const named = `name the file: --config ${path}`;
  const wrong = Object.keys(server).filter((key) =>
    Object.hasOwn(SERVER_FLAGS, key) && !TUNING_FLAGS.has(key)
  );
  const plugins = typeof server.plugins === "string" ? server.plugins.split(",").filter(isPluginFile) : [];
  return [
    ...wrong.map((key) =>
      `${path}: server.${key}: a file that is only found may not say it. Give --${key}, or ${named}`
    ),
    ...plugins.map((plugin) =>
      `${path}: server.plugins: a file that is only found may not name code to run (${plugin}). ` +
      `Give --plugins, or ${named}`
    ),
  ];
}

/** A login of version 0 shows no token, so beside tokens it would let anybody be any user. */
export function loginProblems({ version0, "token-keys": keys }: Partial<ServerOptions>): string[] {
  if (version0 !== "on" || keys === undefined) return [];
  return [
    "--version0 on: with --token-keys it would let anybody be any user, since a login of version 0 shows no token. " +
    "Leave one of them out",
  ];
}

/** Tickets are somebody's money: they need a ledger that lasts, and a host that knows which it is. */
export function seedProblems(
  { seed, ledger, "host-id": hostId, claims, "show-keys": showKeys }: Partial<ServerOptions>,
): string[] {
  if (seed === undefined) {
    return [
      ...(hostId === undefined || showKeys !== undefined
        ? []
        : ["--host-id: goes with --seed FILE or --show-keys DIR"]),
      ...(claims === undefined ? [] : ["--claims: goes with --seed FILE"]),
    ];
  }
  return [
    ...(ledger === undefined ? ["--seed: needs --ledger DIR"] : []),
    ...(hostId === undefined ? ["--seed: needs --host-id ID, the host that the file was made for"] : []),
  ];
}
