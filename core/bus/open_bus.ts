import { UserError } from "../base/user_error.ts";
import { AdminBus } from "./admin_bus.ts";
import type { Bus, ValueOrder } from "./bus.ts";
import { FolderBus } from "./folder_bus.ts";
import { NatsBus, type NatsPlace } from "./nats_bus.ts";

/** A path by which a show travels, as its flag says it: checked, and nothing is opened yet. */
export type BusPlace =
  | { readonly kind: "nats"; readonly place: NatsPlace }
  | { readonly kind: "folder"; readonly path: string }
  | { readonly kind: "admin"; readonly targets: readonly string[] };

const ADDRESS = /^(?:\[[0-9a-fA-F:]+\]|[^\s:/,@]+)(?::\d{1,5})?$/;
const NATS_PORT = 4222;

/** Reads `nats://a1,a2,a3`, `file:DIR` or `http://a,b`; a text says what is wrong. */
export function parseBus(text: string): BusPlace | string {
  const nats = /^(nats|tls):\/\/(?:([^:@/]+):([^@/]*)@)?([^?/]+)\/?(?:\?(.*))?$/.exec(text);
  if (nats !== null) return parseNats(nats);
  if (text.startsWith("file:") && text.length > 5) return { kind: "folder", path: text.slice(5) };
  const http = /^http:\/\/([^/?]+)\/?$/.exec(text);
  if (http !== null) {
    const targets = http[1].split(",");
    const wrong = targets.find((target) => !ADDRESS.test(target) || !/:\d+$/.test(target));
    return wrong === undefined ? { kind: "admin", targets } : `${wrong}: must be a host and a port`;
  }
  return "must be nats://HOST,HOST,HOST, file:DIR or http://HOST:PORT,HOST:PORT";
}

function parseNats([, scheme, user, password, hosts, query = ""]: RegExpExecArray): BusPlace | string {
  const servers = hosts.split(",");
  const wrong = servers.find((server) => !ADDRESS.test(server));
  if (wrong !== undefined) return `${wrong}: must be a host, or a host and a port`;
  const options = new URLSearchParams(query);
  const strange = [...options.keys()].filter((key) => key !== "credentials" && key !== "authority");
  if (strange.length > 0) {
    return `${strange.join(", ")}: only credentials=FILE and authority=FILE may stand behind ?`;
  }
  const credentials = options.get("credentials");
  const authority = options.get("authority");
  return {
    kind: "nats",
    place: {
      servers: servers.map((server) => /:\d+$/.test(server) ? server : `${server}:${NATS_PORT}`),
      isTls: scheme === "tls" || authority !== null,
      ...(user === undefined
        ? {}
        : { user: decodeURIComponent(user), password: decodeURIComponent(password) }),
      ...(credentials === null ? {} : { credentials }),
      ...(authority === null ? {} : { authority }),
    },
  };
}

/** Opens a path. It connects by itself, and goes on trying. */
export function openBus(place: BusPlace, order: ValueOrder, token: string | undefined): Bus {
  switch (place.kind) {
    case "nats":
      return new NatsBus(place.place, order);
    case "folder":
      return new FolderBus(place.path, order);
    case "admin":
      return new AdminBus(place.targets, token);
  }
}

/** Reads every path, all mistakes at once. @throws UserError */
export function parseBuses(flag: string, texts: readonly string[]): BusPlace[] {
  const read = texts.map((text) => [text, parseBus(text)] as const);
  const wrong = read.filter(([, place]) => typeof place === "string");
  if (wrong.length > 0) throw new UserError(wrong.map(([text, why]) => `${flag} ${text}: ${why}`).join("\n"));
  return read.map(([, place]) => place as BusPlace);
}
