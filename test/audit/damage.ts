/** Damages a ledger's files a little, again and again, and asks the check. */
import { checkLedger } from "../../core/audit/check/check.ts";
import type { Anchor } from "../../core/audit/check/check_chain.ts";
import { UserError } from "../../core/base/user_error.ts";
import { Random } from "../../core/base/random.ts";
import { contentOf, differences } from "./content.ts";
import { copyFolder } from "./world.ts";

export interface DamageResult {
  /** Damages that change what a file says, by file; the others hit what nobody reads. */
  readonly changing: Map<string, number>;
  /** Of those: found by the check, and refused since the ledger can't be read at all. */
  found: number;
  refused: number;
  /** Those that the check called ok, with where they were. */
  readonly missed: string[];
  /** Good content that the check called wrong. */
  readonly falseAlarms: string[];
}

/** Damages one file, and says where. */
export type Damage = (path: string, random: Random) => string;

/** Another bit. */
export function flipBit(path: string, random: Random): string {
  const bytes = Deno.readFileSync(path);
  const [at, bit] = [random.below(bytes.length), random.below(8)];
  bytes[at] ^= 1 << bit;
  Deno.writeFileSync(path, bytes);
  return `byte ${at}, bit ${bit}`;
}

/** The end is gone. */
export function loseTail(path: string, random: Random): string {
  const { size } = Deno.statSync(path);
  const left = random.below(size);
  Deno.truncateSync(path, left);
  return `cut off after ${left} of ${size} bytes`;
}

/**
 * Does one damage at a time to a copy. Each file of the ledger has the same chance.
 *
 * @param directory a ledger as a server leaves it, however it ended; it isn't changed. What the check says of it
 *   already, such as that a commit was interrupted, counts as ok.
 */
export function damageOften(directory: string, damage: Damage, times: number, seed: number): DamageResult {
  const random = new Random(seed);
  const before = contentOf(directory);
  const good = inCopy(directory, verdictOf);
  const files = [...Deno.readDirSync(directory)].filter(({ name }) =>
    isOfLedger(name) && sizeOf(directory, name) > 0
  )
    .map(({ name }) => name).sort();
  const result: DamageResult = { changing: new Map(), found: 0, refused: 0, missed: [], falseAlarms: [] };
  for (let time = 0; time < times; time++) {
    inCopy(directory, (folder) => {
      const file = files[random.below(files.length)];
      const where = `seed ${seed}, time ${time}: ${file}, ${damage(`${folder}/${file}`, random)}`;
      judge(folder, where, good, differences(before, contentOf(folder)), result);
    });
  }
  return result;
}

function inCopy<T>(directory: string, run: (folder: string) => T): T {
  const folder = Deno.makeTempDirSync({ prefix: "redpkt-damage-" });
  try {
    copyFolder(directory, folder);
    return run(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** Not the lock, nor what was set aside, nor what a shim keeps beside each file. */
function isOfLedger(name: string): boolean {
  return name !== "lock" && !/\.(disk|aside-.*)$/.test(name);
}

function sizeOf(directory: string, name: string): number {
  return Deno.statSync(`${directory}/${name}`).size;
}

function judge(
  folder: string,
  where: string,
  good: string,
  changed: readonly string[],
  result: DamageResult,
): void {
  const verdict = verdictOf(folder);
  if (changed.length === 0) {
    // Damage where nothing is said is damage all the same, if SQLite says so.
    if (verdict !== good && !/damage|cannot be read/.test(verdict)) {
      result.falseAlarms.push(`${where}: ${verdict}`);
    }
    return;
  }
  for (const file of changed) result.changing.set(file, (result.changing.get(file) ?? 0) + 1);
  if (verdict === good) result.missed.push(where);
  else if (verdict.startsWith("refused")) result.refused++;
  else result.found++;
}

/** What the check says of a ledger: ok, its first problem, or why it can't look. */
export function verdictOf(folder: string, expect?: Anchor): string {
  try {
    return checkLedger(folder, { expect }).problems.join("\n") || "ok";
  } catch (error) {
    if (error instanceof UserError) return `refused: ${error.message}`;
    throw error;
  }
}
