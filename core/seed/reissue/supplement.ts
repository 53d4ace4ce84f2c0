import type { Reissue } from "../../books/account/reissues.ts";
import type { SigningKey } from "../file/keys.ts";
import type { SeedFile } from "../file/seed_file.ts";
import { SeedWriter } from "../file/seed_writer.ts";
import { eachLost, type LostOptions, type LostTickets } from "./lost_tickets.ts";

export interface SupplementParts extends Omit<LostOptions, "files"> {
  readonly found: LostTickets;
  readonly reissue: Reissue;
  /** The lost file's plan, as its author wrote it. */
  readonly planJson: unknown;
  readonly key: SigningKey;
}

/**
 * Writes a file of tickets that take the place of lost ones: the same amounts, sponsors and times, under ids of their own.
 * What is written follows from the parts alone, so whoever writes it again writes the same.
 */
export function writeSupplement(parts: SupplementParts, hostId: string, file: number, path: string): void {
  const { found, reissue, lost, key, planJson } = parts;
  const { set, host } = lost.description;
  const before = (at: number) => found.groups.reduce((sum, { counts }) => sum + counts[at], 0);
  let nextId = reissue.firstId;
  for (let i = 0; i < file; i++) nextId += before(i);
  const groups = found.groups.map(({ wave, sponsor, counts, fen }) => {
    const firstId = nextId;
    nextId += counts[file];
    return [wave, sponsor, firstId, counts[file], fen[file]] as [number, number, number, number, number];
  }).filter(([, , , count]) => count > 0);
  const ids = new Map(groups.map(([wave, sponsor, firstId]) => [sponsor + wave * 0x1_0000, firstId]));
  const ofLost = lost.description.groups.map(([wave, sponsor]) => ({
    wave,
    sponsor,
    key: sponsor + wave * 0x1_0000,
  }));
  const files = found.groups[0]?.counts.length ?? 1;
  const writer = new SeedWriter(path, {
    set,
    madeAt: new Date(reissue.wallMs).toISOString(),
    host: { id: hostId, index: host.index },
    groups,
    greetings: [],
    reissue: {
      hash: lost.hash,
      fence: new Date(reissue.fenceMs).toISOString(),
      ranges: found.groups.map(({ range: { sponsor, first, last, fen } }) =>
        [sponsor, first, last, fen] as [number, number, number, number]
      ),
    },
    plan: planJson,
  }, before(file));
  try {
    eachLost(parts, (group, place, dueMs, _id, amountFen) => {
      if (place % files !== file) return;
      const { wave, sponsor, key } = ofLost[group];
      const id = ids.get(key)!;
      ids.set(key, id + 1);
      writer.add(id, amountFen, dueMs, sponsor, wave);
    });
    writer.finish(key);
  } catch (error) {
    writer.abandon();
    throw error;
  }
}

/** Whether a file that is there already is this one: then it needn't be written again. */
export function isSupplement(file: SeedFile, { lost, reissue }: SupplementParts, hostId: string): boolean {
  const { description: { host, reissue: said, madeAt } } = file;
  return said?.hash === lost.hash && host.id === hostId && madeAt === new Date(reissue.wallMs).toISOString();
}
