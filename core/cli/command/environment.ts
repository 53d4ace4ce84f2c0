import type { CommandForm } from "./command.ts";
import type { Flags, FlagSource } from "../flags.ts";
import type { Host } from "../host.ts";

const SWITCHES: Readonly<Record<string, boolean>> = {
  ...{ "1": true, true: true, on: true, yes: true },
  ...{ "": false, "0": false, false: false, off: false, no: false },
};

/** What the environment calls a command's flag: `REDPKT_SERVER_PORT` is `--port` of `redpkt server`. */
export function variableOf(...words: readonly string[]): string {
  return ["redpkt", ...words].join("_").replaceAll(/[ -]/g, "_").toUpperCase();
}

/**
 * A command's flags as the environment has them. A switch is `1` or `0`; spaces stand between the values of a flag that may
 * be repeated. A name that begins like a command's and is none of its flags is mistyped, and is told of as such.
 */
export function environmentFlags(
  host: Host,
  { name: command, flags, actions = {} }: CommandForm,
): FlagSource {
  const keyOf = (flag: string) => variableOf(command, flag);
  const values = valuesOf(host, flags, keyOf);
  const known = new Set(Object.keys(flags).map(keyOf));
  const prefix = keyOf("");
  const ofActions = Object.values(actions).map(({ name }) => variableOf(name, ""));
  for (const name of host.envNames?.() ?? []) {
    if (!name.startsWith(prefix) || known.has(name)) continue;
    if (ofActions.some((action) => name.startsWith(action))) continue;
    values[name.slice(prefix.length).toLowerCase().replaceAll("_", "-")] = host.env(name);
  }
  return { place: "", keyOf, values };
}

/** The same of flags that belong to no command: nothing but them is looked at. */
export function environmentOf(host: Host, flags: Flags): FlagSource {
  const keyOf = (flag: string) => variableOf(flag);
  return { place: "", keyOf, values: valuesOf(host, flags, keyOf) };
}

function valuesOf(host: Host, flags: Flags, keyOf: FlagSource["keyOf"]): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, { value, isList }] of Object.entries(flags)) {
    const text = host.env(keyOf(name));
    if (text === undefined) continue;
    if (isList) values[name] = text.split(/\s+/).filter((word) => word !== "");
    else values[name] = value === undefined ? SWITCHES[text.toLowerCase()] ?? text : text;
  }
  return values;
}
