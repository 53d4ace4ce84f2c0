import { z } from "zod";
import { PLACE_COLUMNS, type PlaceColumn } from "../../ledger/record/money_columns.ts";

/** Sums of one sponsor in one wave, in fen or packets. */
export type PlaceSums = Record<PlaceColumn, number>;

/** Where the money of a sponsor in a wave is, over all servers. */
export const moneyPlaceSchema = z.object({
  sponsor: z.number(),
  /** Empty for packets of no wave. */
  wave: z.string(),
  ...Object.fromEntries(PLACE_COLUMNS.map((name) => [name, z.number()])) as Record<
    keyof PlaceSums,
    z.ZodNumber
  >,
  /** Must be 0: what was put in is in the pool, awarded or returned. */
  offByFen: z.number(),
  /** How long its pool lasts at the rate of the latest seconds; null if nothing is won. */
  secondsLeft: z.number().nullable(),
});
export type MoneyPlace = Readonly<z.output<typeof moneyPlaceSchema>>;

/** Rows as servers tell them: the names of the fields once, then each row's values in that order. */
export const placesSchema = z.object({
  placeFields: z.array(z.string()).max(100).default([]),
  places: z.array(z.array(z.union([z.number(), z.string()]))).max(10_000).default([]),
  placesLeftOut: z.number().default(0),
});
export type ToldPlaces = z.output<typeof placesSchema>;

/** How far back the rate of awards is measured, in ms. */
const RATE_MS = 10_000;

/** Adds up what servers told of each sponsor and wave, and watches how fast the money goes. */
export class MoneyPlaces {
  /** Awarded money by row, at earlier moments, oldest first. */
  readonly #before: { readonly atMs: number; readonly awardedFen: ReadonlyMap<string, number> }[] = [];

  /** Rows with most in the pool first, and all of them together. */
  sum(told: readonly ToldPlaces[], atMs: number): { places: MoneyPlace[]; inAll: MoneyPlace } {
    const rows = new Map<string, PlaceSums & { sponsor: number; wave: string }>();
    for (const { placeFields, places } of told) {
      for (const values of places) addRow(rows, placeFields, values);
    }
    const inAll = { ...noSums(), sponsor: 0, wave: "" };
    for (const row of rows.values()) for (const name of PLACE_COLUMNS) inAll[name] += row[name];
    rows.set(ALL, inAll);
    const before = this.#noted(rows, atMs);
    const finished = [...rows].map(([key, row]): MoneyPlace => {
      const { made, won } = { made: row.madeFen, won: row.awardedFen };
      const grownFen = before === undefined ? 0 : won - (before.awardedFen.get(key) ?? won);
      const perS = before === undefined ? 0 : grownFen / (atMs - before.atMs) * 1000;
      return {
        ...row,
        offByFen: row.poolFen + won + row.returnedFen - made,
        secondsLeft: perS > 0 ? row.poolFen / perS : null,
      };
    });
    const [all] = finished.splice(-1);
    finished.sort((a, b) => b.poolFen - a.poolFen || a.sponsor - b.sponsor || (a.wave < b.wave ? -1 : 1));
    return { places: finished, inAll: all };
  }

  /** Notes the present sums; returns those of a while ago. */
  #noted(rows: ReadonlyMap<string, PlaceSums>, atMs: number) {
    // One that is older than wanted stays, as long as none of the others is old enough.
    while (this.#before.length > 1 && atMs - this.#before[1].atMs >= RATE_MS) this.#before.shift();
    const found = this.#before.at(0);
    this.#before.push({
      atMs,
      awardedFen: new Map([...rows].map(([key, { awardedFen }]) => [key, awardedFen])),
    });
    return found !== undefined && found.atMs < atMs ? found : undefined;
  }
}

/** The key of the sum of all rows; no wave is called so. */
const ALL = " ";

function noSums(): PlaceSums {
  return Object.fromEntries(PLACE_COLUMNS.map((name) => [name, 0])) as PlaceSums;
}

function addRow(
  rows: Map<string, PlaceSums & { sponsor: number; wave: string }>,
  fields: readonly string[],
  values: readonly (number | string)[],
): void {
  const told = Object.fromEntries(fields.map((name, i) => [name, values[i]]));
  const [sponsor, wave] = [Number(told.sponsor), String(told.wave ?? "")];
  const key = `${sponsor} ${wave}`;
  let row = rows.get(key);
  if (row === undefined) rows.set(key, row = { ...noSums(), sponsor, wave });
  // A name that a server of another version lacks counts as 0.
  for (const name of PLACE_COLUMNS) row[name] += typeof told[name] === "number" ? told[name] : 0;
}
