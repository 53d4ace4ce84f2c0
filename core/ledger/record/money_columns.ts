/**
 * What is known of the money of one sponsor in one wave, in the order in which a host tells it. Who adds it up: the
 * `ledger`, the `host` out of what the ledger says, or the ledger `within` the host, which tells nobody.
 */
const COLUMNS = {
  /** Money that was made is in the pool, awarded or returned. */
  madeFen: "ledger",
  poolFen: "ledger",
  /** Packets that could have been won by now and were not, and their money. */
  due: "host",
  dueFen: "host",
  awards: "ledger",
  awardedFen: "ledger",
  /** Of those awarded: opened by their users, and known to have reached them. */
  openedFen: "ledger",
  delivered: "ledger",
  deliveredFen: "ledger",
  returnedFen: "ledger",
  /** Awards that were refused, by the limit on a user and by that on a user's packets of one sponsor. */
  refusedByUserLimit: "ledger",
  refusedBySponsorLimit: "ledger",
  /** Of those awarded: before this process started. */
  awardsBefore: "within",
  awardedFenBefore: "within",
} as const;

type Column = keyof typeof COLUMNS;
type AddedUpBy<Who> = { [Name in Column]: typeof COLUMNS[Name] extends Who ? Name : never }[Column];

/** What the ledger adds up. */
export type MoneyColumn = AddedUpBy<"ledger" | "within">;
export const MONEY_COLUMNS = columns((who) => who !== "host") as readonly MoneyColumn[];

/** What a host tells. */
export type PlaceColumn = AddedUpBy<"ledger" | "host">;
export const PLACE_COLUMNS = columns((who) => who !== "within") as readonly PlaceColumn[];

function columns(isWanted: (who: typeof COLUMNS[Column]) => boolean): string[] {
  return Object.entries(COLUMNS).filter(([, who]) => isWanted(who)).map(([name]) => name);
}
