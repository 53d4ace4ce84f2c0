import { resolve } from "node:path";
import type { HttpAddress } from "../admin/serve.ts";
import type { PartyOptions } from "./party_flags.ts";
import type { KeptDoor, PartyFolder } from "./state/party_folder.ts";

/** What holds where nobody says anything. */
const DEFAULTS = { listen: { hostname: "0.0.0.0", port: 8443 }, tls: "on", countdownS: 5 } as const;

/** Where phones come in, and how. */
export interface DoorSettings {
  readonly listen: HttpAddress;
  readonly tls: "on" | "off";
  /** The host's own certificate; undefined for one that is made for the party. */
  readonly cert: { readonly cert: string; readonly key: string } | undefined;
  readonly url: string | undefined;
  readonly countdownS: number;
}

/** The settings of a party that goes on are those that it had, unless they are given anew. */
export function doorSettings(
  { party: { door } }: Pick<PartyFolder, "party">,
  given: PartyOptions,
): DoorSettings {
  const { "tls-cert": cert, "tls-key": key } = given;
  // Whoever says only that TLS is on means the party's own certificate.
  const kept = given.tls === undefined ? door?.cert : undefined;
  return {
    listen: given.listen ?? door?.listen ?? DEFAULTS.listen,
    tls: given.tls ?? door?.tls ?? DEFAULTS.tls,
    cert: cert === undefined || key === undefined ? kept : { cert: resolve(cert), key: resolve(key) },
    url: given.url ?? door?.url,
    countdownS: given["countdown-seconds"] ?? door?.countdownS ?? DEFAULTS.countdownS,
  };
}

/** What is kept of them: with the port that was free, links stay what they are. */
export function keptDoor({ listen, tls, cert, url, countdownS }: DoorSettings, port: number): KeptDoor {
  return {
    listen: { ...listen, port },
    tls,
    countdownS,
    ...(cert === undefined ? {} : { cert }),
    ...(url === undefined ? {} : { url }),
  };
}
