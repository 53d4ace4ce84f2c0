import { UserError } from "../../base/user_error.ts";
import type { BooksEvent } from "./event.ts";

/** What making books came to. */
export interface MadeBooks {
  readonly event: BooksEvent;
  /** They weren't there before. */
  readonly isNew: boolean;
  /** Parts whose tables were made or changed. */
  readonly migrated: readonly string[];
}

/** What is asked of books: absent where they are to stay as they are. */
export interface WantedEvent {
  readonly event?: string | undefined;
  readonly packetsPerUser?: number | undefined;
  readonly packetsPerSponsor?: number | undefined;
}

/** What the article's event allowed. */
const USUAL = { packetsPerUser: 3, packetsPerSponsor: 1 };

/** The event of new books. @throws UserError without a name */
export function newEvent(place: string, wanted: WantedEvent): BooksEvent {
  if (wanted.event === undefined) {
    throw new UserError(
      `--event: is missing. New books need the event's name, which begins every payment's key: ` +
        `redpkt books init --books ${place} --event NAME`,
    );
  }
  return {
    event: wanted.event,
    packetsPerUser: wanted.packetsPerUser ?? USUAL.packetsPerUser,
    packetsPerSponsor: wanted.packetsPerSponsor ?? USUAL.packetsPerSponsor,
  };
}

/** Refuses to change what books are for. @throws UserError */
export function refuseOtherEvent(place: string, made: BooksEvent, wanted: WantedEvent): void {
  const flags = {
    event: "--event",
    packetsPerUser: "--packets-per-user",
    packetsPerSponsor: "--packets-per-sponsor",
  } as const;
  const wrong = (Object.keys(flags) as (keyof BooksEvent)[]).filter((key) =>
    wanted[key] !== undefined && wanted[key] !== made[key]
  );
  if (wrong.length === 0) return;
  const words = wrong.map((key) => `${flags[key]} ${shown(wanted[key]!)}, and they have ${shown(made[key])}`);
  throw new UserError(
    `--books ${place}: ${
      words.join("; ")
    }. What books are for never changes: leave it out, or name other books`,
  );
}

function shown(value: string | number): string {
  return value === Infinity ? "0 (no limit)" : String(value);
}
