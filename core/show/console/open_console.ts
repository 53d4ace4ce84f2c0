import type { KeyObject } from "node:crypto";
import { type Clock, sleep } from "../../base/clock.ts";
import { UserError } from "../../base/user_error.ts";
import { type BusPlace, openBus } from "../../bus/open_bus.ts";
import { showOrder } from "../../link/show_order.ts";
import { KeyFolder, type SigningKey } from "../../seed/file/keys.ts";
import { ConsoleFolder } from "./console_folder.ts";
import { Director } from "./director.ts";
import { ShowConsole } from "./show_console.ts";

/** How often a command that waits looks again. */
const PAUSE_MS = 10;

export interface ConsolePlace {
  readonly folder: string;
  readonly keys: string;
  readonly buses: readonly BusPlace[];
  /** Undefined: as the folder says. */
  readonly event: string | undefined;
  readonly who: string;
  /** Of admin APIs. */
  readonly token: string | undefined;
}

/** A console with its paths. */
export interface OpenConsole {
  readonly console: ShowConsole;
  readonly folder: ConsoleFolder;
  readonly director: Director;
  readonly key: SigningKey;
  readonly trusted: ReadonlyMap<string, KeyObject>;
  readonly event: string;
  close(): Promise<void>;
}

/** The keys of a console. @throws UserError */
export function consoleKeys(path: string): { key: SigningKey; trusted: ReadonlyMap<string, KeyObject> } {
  const keys = new KeyFolder(path, "redpkt show key");
  const key = keys.signing();
  if (key === undefined) {
    throw new UserError(
      `--keys ${path}: holds no key that signs. Make one: redpkt show keygen --keys ${path}`,
    );
  }
  const trusted = keys.trusted();
  if (trusted.has(key.id)) return { key, trusted };
  throw new UserError(
    `--keys ${path}: its own key ${key.id} is not in trusted/. Put it back, or make another one`,
  );
}

/** @throws UserError */
export function openConsole(
  { folder: path, keys, buses, event, who, token }: ConsolePlace,
  clock: Clock,
): OpenConsole {
  const folder = new ConsoleFolder(path);
  const { key, trusted } = consoleKeys(keys);
  const named = folder.state?.event;
  if (event !== undefined && named !== undefined && event !== named) {
    throw new UserError(`--event ${event}: --console ${path} directs ${named}. Name another folder`);
  }
  const found = event ?? named;
  if (found === undefined) {
    throw new UserError(
      `--console ${path}: holds no show yet. Begin one: redpkt show init; or redpkt show takeover --event NAME`,
    );
  }
  const order = showOrder(trusted, found);
  const opened = buses.map((place) => openBus(place, order, token));
  const director = new Director({
    event: found,
    name: `console-${key.id}`,
    buses: opened,
    trusted,
    key,
    clock,
  });
  director.start();
  const console = new ShowConsole({
    folder,
    director,
    trusted,
    key,
    who,
    clock,
    pause: () => sleep(PAUSE_MS),
  });
  return {
    console,
    folder,
    director,
    key,
    trusted,
    event: found,
    close: async () => void await Promise.all(opened.map((bus) => bus.close())),
  };
}
