import type { KeyObject } from "node:crypto";
import type { ValueOrder } from "../bus/bus.ts";
import { compareShows, readShow, ShowRefused, type SignedShow } from "../show/signed.ts";

/** How buses tell which of two documents is newer: by what is signed; one that isn't valid is older than any. */
export function showOrder(trusted: ReadonlyMap<string, KeyObject>, event: string): ValueOrder {
  return {
    isNewer(value, than) {
      const show = readOrNothing(value, trusted, event);
      if (show === undefined) return false;
      const other = readOrNothing(than, trusted, event);
      return other === undefined || compareShows(show, other) > 0;
    },
  };
}

/** A document; undefined if it doesn't count. */
export function readOrNothing(
  value: Uint8Array,
  trusted: ReadonlyMap<string, KeyObject>,
  event: string,
): SignedShow | undefined {
  try {
    return readShow(value, trusted, event);
  } catch (error) {
    if (error instanceof ShowRefused) return undefined;
    throw error;
  }
}
