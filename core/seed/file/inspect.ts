import type { KeyObject } from "node:crypto";
import { formatCount, formatYuan } from "../../base/units.ts";
import { auditFile } from "./audit.ts";
import { BLOCK_HEAD_BYTES, RECORD_WORDS, RecordWord } from "./format.ts";
import { type SeedFile, SeedRefused } from "./seed_file.ts";

/** Amounts are shown in so many steps, each ten times the one before. */
const AMOUNT_STEPS = 10;

/** What `redpkt seed inspect` shows, and whether all is right. */
export interface Inspection {
  readonly isRight: boolean;
  readonly text: string;
}

/** Reads every ticket of a file and says what is in it. */
export function inspect(
  file: SeedFile,
  trusted: ReadonlyMap<string, KeyObject>,
  wallMs: number,
  onProgress: (tickets: number) => void,
): Inspection {
  const { description: { set, madeAt, host, groups, greetings, plan } } = file;
  const { problems: found, tickets, amountFen } = auditFile(file, onProgress);
  const problems = [...found, ...useProblems(file, trusted, wallMs)];
  const firstId = groups[0]?.[2] ?? 0;
  const sums = (key: 0 | 1, value: number) =>
    groups.reduce(
      ([count, fen], group, i) =>
        group[key] === value ? [count + tickets[i], fen + amountFen[i]] : [count, fen],
      [0, 0],
    );
  const row = (name: string, [count, fen]: number[]) =>
    `  ${name.padEnd(28)} ${formatCount(count).padStart(13)} tickets ${formatYuan(fen).padStart(24)}`;
  const lines = [
    file.path,
    `plan        ${plan.name}`,
    `set         ${set}, made ${madeAt}, expires ${new Date(plan.expires).toISOString()}`,
    `host        ${host.id}`,
    `hash        ${file.hash}`,
    `signed by   ${file.keyId ?? "nobody"}`,
    `tickets     ${formatCount(file.records)}, ids ${firstId} to ${firstId + file.records - 1}`,
    `limits      ${plan.limits.packetsPerUser} a user, ${plan.limits.packetsPerSponsor} of a sponsor`,
    "",
    "by sponsor",
    ...plan.sponsors.map(({ number, name }) => row(`${number} ${name}`, sums(1, number))),
    "",
    "by wave",
    ...plan.waves.map(({ name }, wave) => row(name, sums(0, wave))),
    "",
    "by amount",
    ...amountRows(file),
    ...(greetings.length === 0 ? [] : ["", "greetings, which are no money"]),
    ...greetings.map(([sponsor, resource, perS, limit]) => {
      const name = plan.sponsors.find(({ number }) => number === sponsor)?.name ?? "?";
      const most = formatCount(limit).padStart(13);
      return `  ${`${sponsor} ${name}`.padEnd(28)} ${most} of resource ${resource}, ${
        perS.toFixed(1)
      } a second`;
    }),
    "",
    ...problems.map((problem) => `  ${problem}`),
    problems.length === 0 ? "right" : `${problems.length} ${problems.length === 1 ? "problem" : "problems"}`,
  ];
  return { isRight: problems.length === 0, text: `${lines.join("\n")}\n` };
}

function useProblems(file: SeedFile, trusted: ReadonlyMap<string, KeyObject>, wallMs: number): string[] {
  const checks = [() => file.checkSignature(trusted), () => file.checkUse(file.description.host.id, wallMs)];
  return checks.flatMap((check) => {
    try {
      check();
      return [];
    } catch (error) {
      if (!(error instanceof SeedRefused)) throw error;
      return [error.message];
    }
  });
}

function amountRows(file: SeedFile): string[] {
  const counts = new Float64Array(AMOUNT_STEPS);
  for (let block = 0; block < file.blocks; block++) {
    const end = BLOCK_HEAD_BYTES / 4 + file.loadBlock(block) * RECORD_WORDS;
    for (let at = BLOCK_HEAD_BYTES / 4; at < end; at += RECORD_WORDS) {
      let step = 0;
      for (let above = 10; file.words[at + RecordWord.amountFen] >= above; above *= 10) step++;
      counts[step]++;
    }
  }
  return Array.from(counts, (count, step) => {
    const range = `${10 ** step} to ${10 ** (step + 1) - 1} fen`;
    return count === 0 ? [] : [`  ${range.padEnd(28)} ${formatCount(count).padStart(13)} tickets`];
  }).flat();
}
