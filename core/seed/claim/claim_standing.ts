import type { LedgerHead } from "../../ledger/chain/links.ts";
import { type Claim, newestMark } from "./claim_file.ts";

/** What of a ledger a claim is compared with. */
export interface ClaimLedger {
  readonly directory: string;
  readonly id: string;
  /** What it is now. */
  readonly head: LedgerHead;
  /** What it was when this was its last row; undefined if it never was. */
  headAt(seq: number): string | undefined;
  /** Whether it has noted that it gives this file's tickets away. */
  hasSeed(hash: string): boolean;
}

/** What was found in one of the two places of a claim. */
export interface PlacedClaim {
  readonly path: string;
  readonly claim: Claim | undefined;
  /** There is a file, and it is none that can be believed. */
  readonly damage: string | undefined;
}

/** How a ledger stands to a seed file, by what both places of the claim say. */
export type Standing =
  /** Nobody has claimed it. */
  | { readonly kind: "unclaimed" }
  /** This ledger has begun to claim it: nothing was awarded yet. */
  | { readonly kind: "begun" }
  /** This ledger has claimed it, and is what it was. */
  | { readonly kind: "inForce" }
  /** The same, and one place lacks its claim: it can be put back from the other. */
  | { readonly kind: "half"; readonly why: string }
  /** Both places lack it, and the ledger says that it was there. */
  | { readonly kind: "gone"; readonly why: string }
  /** A claim of version 1 stands for this ledger, proven as far as such a claim can be, or not. */
  | { readonly kind: "old"; readonly isProven: boolean; readonly why: string }
  /** This ledger's claim contradicts itself or the ledger. */
  | { readonly kind: "doubtful"; readonly why: string }
  /** Another ledger has claimed it. */
  | { readonly kind: "taken"; readonly why: string };

/** @param places both, whatever is in them */
export function standingOf(hash: string, places: readonly PlacedClaim[], ledger: ClaimLedger): Standing {
  const found = places.flatMap(({ path, claim }) => claim === undefined ? [] : [{ path, claim }]);
  const damaged = places.find(({ damage }) => damage !== undefined);
  const other = found.find(({ claim: { head } }) => head.ledger !== ledger.id);
  if (other !== undefined) return { kind: "taken", why: takenBy(other.claim.head, ledger) };
  if (found.length === 0) {
    if (damaged !== undefined) {
      const [one, two] = places;
      const said = ({ path, damage }: PlacedClaim) =>
        `${path} ${damage === undefined ? "is gone" : `is damaged: ${damage}`}`;
      return { kind: "gone", why: `its claim is in neither place: ${said(one)}, ${said(two)}` };
    }
    if (!ledger.hasSeed(hash)) return { kind: "unclaimed" };
    return {
      kind: "gone",
      why: `${ledger.directory} gives its tickets away, and both claims are gone, ` +
        places.map(({ path }) => path).join(" and "),
    };
  }
  const contradiction = contradictionOf(hash, found, ledger);
  if (contradiction !== undefined) return { kind: "doubtful", why: contradiction };
  if (damaged !== undefined) {
    return { kind: "half", why: `its claim ${damaged.path} is damaged: ${damaged.damage}` };
  }
  const isInForce = newestMark(found.map(({ claim }) => claim)) !== undefined;
  const absent = places.find(({ claim }) => claim === undefined);
  if (!isInForce) return { kind: "begun" };
  if (absent === undefined) return { kind: "inForce" };
  return { kind: "half", why: `its claim ${absent.path} is gone, and ${found[0].path} is there` };
}

/** Why a ledger can't have what another one has claimed. */
export function takenBy(
  { ledger: owner, claimedAt }: { readonly ledger: string; readonly claimedAt: string },
  { directory, id }: ClaimLedger,
): string {
  return `is consumed: ledger ${owner} has used it since ${claimedAt}, and ${directory} is ledger ${id}`;
}

function contradictionOf(
  hash: string,
  found: readonly { readonly path: string; readonly claim: Claim }[],
  ledger: ClaimLedger,
): string | undefined {
  const [{ path, claim }, other] = found;
  const wrong = found.find(({ claim: { head } }) => head.hash !== hash);
  if (wrong !== undefined) {
    return `${wrong.path} is the claim of another file (hash ${wrong.claim.head.hash})`;
  }
  if (other !== undefined && other.claim.headText !== claim.headText) {
    return `its claims ${path} and ${other.path} contradict each other: ` +
      `one was made at ${claim.head.claimedAt}, one at ${other.claim.head.claimedAt}`;
  }
  const claims = found.map((one) => one.claim);
  const marks = claims.flatMap((one) => one.marks).filter((mark) => mark !== undefined);
  if (marks.length === 0) {
    const hasDamage = claims.some(({ damagedMarks }) => damagedMarks > 0);
    return hasDamage ? `every mark of its claim ${path} is damaged` : undefined;
  }
  if (!ledger.hasSeed(hash)) {
    return olderThanClaim(claim.head, ledger);
  }
  return departureOf(marks, ledger);
}

export function olderThanClaim(
  { claimedAt }: { readonly claimedAt: string },
  { directory }: ClaimLedger,
): string {
  return `${directory} was restored from a copy that is older than its claim of ${claimedAt}`;
}

/** Why a ledger that lacks rows is refused. */
export function olderState({ directory, head: { seq } }: ClaimLedger, knownRows: number): string {
  return `${directory} is an older state of its ledger: it has ${seq} rows and had ${knownRows} ` +
    `(${knownRows - seq} missing)`;
}

/** How a ledger differs from the one that was marked; undefined if it is the same, or has gone on from there. */
function departureOf(marks: readonly LedgerHead[], ledger: ClaimLedger): string | undefined {
  const inOrder = marks.toSorted((a, b) => a.seq - b.seq);
  const isOurs = ({ seq, headHex }: LedgerHead) => ledger.headAt(seq) === headHex;
  const newest = inOrder[inOrder.length - 1];
  if (inOrder.every(isOurs)) return undefined;
  const { directory, head: { seq } } = ledger;
  const common = inOrder.findLast(isOurs);
  const until = common === undefined ? "" : `, the same up to row ${common.seq}`;
  if (seq < newest.seq && inOrder.every((mark) => mark.seq > seq || isOurs(mark))) {
    return olderState(ledger, newest.seq);
  }
  return `${directory} is another branch of its ledger${until}: it has ${seq} rows, ` +
    `and the claim knows ${newest.seq} that are not these`;
}
