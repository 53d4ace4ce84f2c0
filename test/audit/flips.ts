/** Flips bits in a ledger's files, and asks the check. */
import { checkLedger } from "../../core/ledger/check.ts";
import { UserError } from "../../core/cli/user_error.ts";
import { Random } from "../../core/random/random.ts";
import { contentOf, differences } from "./content.ts";
import { copyFolder } from "./world.ts";

export interface FlipResult {
  flips: number;
  /** Flips that change what a file says, by file; the others hit what nobody reads. */
  readonly changing: Map<string, number>;
  /** Of those: found by the check, and refused since the ledger can't be read at all. */
  found: number;
  refused: number;
  /** Those that the check called ok, with where they were. */
  readonly missed: string[];
  /** Good content that the check called wrong. */
  readonly falseAlarms: string[];
}

/**
 * Flips one bit at a time. Each file of the ledger has the same chance, and in it each byte.
 *
 * @param directory a good ledger; it isn't changed
 */
export function flipBits(directory: string, flips: number, seed: number): FlipResult {
  const random = new Random(seed);
  const before = contentOf(directory);
  const files = [...Deno.readDirSync(directory)].map(({ name }) => name).filter((name) => name !== "lock")
    .sort();
  const result: FlipResult = {
    flips,
    changing: new Map(),
    found: 0,
    refused: 0,
    missed: [],
    falseAlarms: [],
  };
  for (let flip = 0; flip < flips; flip++) {
    const folder = Deno.makeTempDirSync({ prefix: "redpkt-flip-" });
    try {
      copyFolder(directory, folder);
      const where = flipOne(folder, files[random.below(files.length)], random);
      const changed = differences(before, contentOf(folder));
      judge(folder, `seed ${seed}, flip ${flip}: ${where}`, changed, result);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  }
  return result;
}

function flipOne(folder: string, file: string, random: Random): string {
  const bytes = Deno.readFileSync(`${folder}/${file}`);
  const at = random.below(bytes.length);
  const bit = random.below(8);
  bytes[at] ^= 1 << bit;
  Deno.writeFileSync(`${folder}/${file}`, bytes);
  return `${file}, byte ${at}, bit ${bit}`;
}

function judge(folder: string, where: string, changed: readonly string[], result: FlipResult): void {
  const verdict = verdictOf(folder);
  if (changed.length === 0) {
    // Damage where nothing is said is damage all the same, if SQLite says so.
    if (verdict !== "ok" && !/damage|cannot be read/.test(verdict)) {
      result.falseAlarms.push(`${where}: ${verdict}`);
    }
    return;
  }
  for (const file of changed) result.changing.set(file, (result.changing.get(file) ?? 0) + 1);
  if (verdict === "ok") result.missed.push(where);
  else if (verdict.startsWith("refused")) result.refused++;
  else result.found++;
}

/** What the check says of a ledger: ok, its first problem, or why it can't look. */
export function verdictOf(folder: string): string {
  try {
    return checkLedger(folder).problems[0] ?? "ok";
  } catch (error) {
    if (error instanceof UserError) return `refused: ${error.message}`;
    throw error;
  }
}
