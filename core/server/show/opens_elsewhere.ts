import { HostListFile } from "../../hosts/list/list_file.ts";
import { ownerOf } from "../../hosts/list/owner.ts";
import { every } from "../../base/clock.ts";
import type { Log } from "../../cli/log.ts";
import { kinds } from "../../ledger/kinds/entry_kinds.ts";
import { Refusal, Verdict } from "../../ledger/record/entry.ts";
import type { OpenAnswer } from "../../link/open_exchange.ts";
import { entryOf, type EntryProposal, type EntryVerdict, type OpenedElsewhere } from "../../plugin/plugin.ts";
import { Result } from "../../wire/codes.ts";

/** How often the host list is looked at. */
const LOOK_MS = 1_000;

/** Enters something into this host's ledger. */
type Enter = (entry: EntryProposal) => Promise<EntryVerdict>;

/** Asks the owner of a packet to open it; undefined if it doesn't answer in time. */
export type AskOwner = (owner: number, user: number, packetId: number) => Promise<OpenAnswer | undefined>;

/** Which packets are other hosts', by the host list. */
export class PacketOwners {
  readonly #file: HostListFile;
  readonly #number: number;
  readonly stop: () => void;

  /** @throws UserError if there is no list that counts */
  constructor(path: string, keys: string, hostNumber: number, log: Log) {
    const file = this.#file = new HostListFile(path, keys);
    this.#number = hostNumber;
    this.stop = every(LOOK_MS, () => {
      const news = file.look();
      if (news?.is === "newer") log("info", "host list", { version: news.list.version });
      else if (news !== undefined) log("warn", "host list refused", { why: `${news.fault}: ${news.why}` });
    });
  }

  /** The number of the other host that has made a packet; undefined if none has. */
  other(packetId: number): number | undefined {
    const owner = ownerOf(this.#file.list, packetId);
    return owner === this.#number ? undefined : owner;
  }
}

/** Opens a packet that may be another host's; undefined if none of the list has made it. */
export function openElsewhere(
  owners: PacketOwners,
  ask: AskOwner | undefined,
  user: number,
  packetId: number,
): Promise<OpenedElsewhere> | undefined {
  const owner = owners.other(packetId);
  if (owner === undefined) return undefined;
  const later = { result: Result.busy, amountFen: 0 };
  return ask === undefined
    ? Promise.resolve(later)
    : ask(owner, user, packetId).then((opened) => opened ?? later);
}

/** Opens a packet of this host for a user who is at another one. Undefined: nothing was decided. */
export async function openForOther(
  enter: Enter,
  user: number,
  packetId: number,
): Promise<OpenAnswer | undefined> {
  const { verdict, detail, amountFen } = await enter(entryOf(kinds.open, { packetId, user }));
  if (verdict === Verdict.inDoubt) return undefined;
  if (verdict === Verdict.refused) {
    return { result: detail === Refusal.givenBack ? Result.expired : Result.unknownPacket, amountFen: 0 };
  }
  // They know of it: should they come here again, they needn't be told.
  void enter(entryOf(kinds.delivered, { packetId, user }));
  return { result: Result.ok, amountFen };
}
