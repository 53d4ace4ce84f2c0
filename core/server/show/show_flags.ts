import { z } from "zod";
import { parseBus } from "../../bus/open_bus.ts";
import { foreignAwardsBytes, MAX_FOREIGN_AWARDS } from "../../ledger/registry/foreign_awards.ts";
import { flag, type Flags, listFlag, wholeNumber } from "../../cli/flags.ts";
import { eventName } from "../../show/document.ts";

const place = z.string().max(64).default("");

/** Flags of `redpkt server` for a show that is directed from elsewhere. */
export const SHOW_FLAGS = {
  "show-keys": flag(
    "DIR",
    "folder with the keys of those who direct a show (DIR/trusted); with it the host takes part in one",
    z.string().min(1).optional(),
  ),
  bus: listFlag(
    "URL",
    "path by which a show comes: nats://HOST,HOST,HOST or file:DIR; may be repeated",
  ),
  "foreign-awards": flag(
    "N",
    "how many awards of the city's other hosts it can remember, 12.5 bytes each; 0: it neither tells nor hears of awards",
    wholeNumber(0, MAX_FOREIGN_AWARDS).default(0),
  ),
  hosts: flag(
    "FILE",
    "signed host list: whose packets users of this host may open besides; forwarded by --bus",
    z.string().min(1).optional(),
  ),
  "hosts-keys": flag("DIR", "folder of keys: whose host lists count", z.string().min(1).default("keys")),
  cluster: flag("NAME", "which cluster of hosts this one is in, for whoever directs", place),
  city: flag("NAME", "which city it is in", place),
} satisfies Flags;

/** What is wrong with them, a line each. */
export function showProblems(options: {
  readonly "show-keys"?: string | undefined;
  readonly bus?: readonly string[] | undefined;
  readonly "host-id"?: string | undefined;
  readonly event?: string | undefined;
  readonly "foreign-awards"?: number | undefined;
}): string[] {
  const { "show-keys": keys, bus = [], "host-id": hostId, event = "" } = options;
  if (keys === undefined) {
    return bus.length === 0 || (options["foreign-awards"] ?? 0) > 0
      ? []
      : ["--bus: needs --show-keys DIR, the keys of those who direct the show, or --foreign-awards N"];
  }
  const problems = busProblems(bus);
  if (!eventName.safeParse(hostId).success) {
    problems.push("--show-keys: needs --host-id ID, a short name in small letters that no other host has");
  }
  if (!eventName.safeParse(event).success) {
    problems.push("--show-keys: needs --event NAME, a short name in small letters such as gala-2027");
  }
  return problems;
}

/** What is wrong with paths, a line each. */
function busProblems(bus: readonly string[]): string[] {
  return bus.flatMap((text) => {
    const read = parseBus(text);
    if (typeof read === "string") return [`--bus ${text}: ${read}`];
    return read.kind === "admin"
      ? [
        `--bus ${text}: consoles push to admin APIs; a host takes nats:// and file: and has its own door open`,
      ]
      : [];
  });
}

/** What is wrong where a host is to hear of the awards of others, a line each. */
export function foreignAwardsProblems(options: {
  readonly "foreign-awards"?: number | undefined;
  readonly "show-keys"?: string | undefined;
  readonly "token-keys"?: string | undefined;
  readonly bus?: readonly string[] | undefined;
  readonly ledger?: string | undefined;
  readonly event?: string | undefined;
  readonly city?: string | undefined;
}): string[] {
  const { "foreign-awards": awards = 0, bus = [], event = "", city = "" } = options;
  if (awards === 0) return [];
  const needs = (isThere: boolean, what: string) =>
    isThere ? [] : [`--foreign-awards ${awards}: needs ${what}`];
  const bytes = foreignAwardsBytes(awards);
  const { available } = Deno.systemMemoryInfo();
  return [
    ...needs(options.ledger !== undefined, "--ledger DIR, where its own awards are read from"),
    ...needs(options["token-keys"] !== undefined, "--token-keys FILE, with which hosts sign what they tell"),
    ...needs(bus.length > 0, "--bus URL, the path to the other hosts"),
    ...needs(
      eventName.safeParse(event).success,
      "--event NAME, a short name in small letters such as gala-2027",
    ),
    ...needs(
      city === "" || eventName.safeParse(city).success,
      "a --city in small letters: it becomes a part of a subject",
    ),
    ...needs(
      bytes <= available,
      `${Math.ceil(bytes / 2 ** 20)} MiB of memory, and ${Math.floor(available / 2 ** 20)} are free`,
    ),
    ...(options["show-keys"] === undefined ? busProblems(bus) : []),
  ];
}
