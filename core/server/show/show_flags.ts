import { z } from "zod";
import { parseBus } from "../../bus/open_bus.ts";
import { flag, type Flags, listFlag } from "../../cli/flags.ts";
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
}): string[] {
  const { "show-keys": keys, bus = [], "host-id": hostId, event = "" } = options;
  if (keys === undefined) {
    return bus.length === 0 ? [] : ["--bus: needs --show-keys DIR, the keys of those who direct the show"];
  }
  const problems = bus.flatMap((text) => {
    const read = parseBus(text);
    if (typeof read === "string") return [`--bus ${text}: ${read}`];
    return read.kind === "admin"
      ? [
        `--bus ${text}: consoles push to admin APIs; a host takes nats:// and file: and has its own door open`,
      ]
      : [];
  });
  if (!eventName.safeParse(hostId).success) {
    problems.push("--show-keys: needs --host-id ID, a short name in small letters that no other host has");
  }
  if (!eventName.safeParse(event).success) {
    problems.push("--show-keys: needs --event NAME, a short name in small letters such as gala-2027");
  }
  return problems;
}
