import type { KeyObject } from "node:crypto";
import { formatCount, formatYuan } from "../../base/units.ts";
import { auditFile } from "./audit.ts";
import { BLOCK_HEAD_BYTES, RECORD_WORDS, RecordWord } from "./format.ts";
import { type SeedFile, SeedRefused } from "./seed_file.ts";

/** Amounts are shown in so many steps, each ten times the one before. */
const AMOUNT_STEPS = 10;

interface Sum {
  readonly name: string;
  readonly tickets: number;
  readonly amountFen: number;
}

/** What is in a seed file, and what is wrong with it. */
export interface Inspection {
  readonly file: string;
  readonly plan: string;
  readonly set: string;
  readonly madeAt: string;
  readonly expires: string;
  readonly host: string;
  readonly hash: string;
  /** Id of the key that signed it; null if none did. */
  readonly signedBy: string | null;
  readonly tickets: number;
  readonly firstId: number;
  readonly limits: { readonly packetsPerUser: number; readonly packetsPerSponsor: number };
  readonly sponsors: readonly (Sum & { readonly number: number })[];
  readonly waves: readonly Sum[];
  /** Tickets by amount, in steps of ten times; steps without any are left out. */
  readonly amounts: readonly { readonly fromFen: number; readonly toFen: number; readonly tickets: number }[];
  readonly greetings: readonly {
    readonly sponsor: number;
    readonly name: string;
    readonly resource: number;
    readonly limit: number;
    readonly perS: number;
  }[];
  /** None: all is right. */
  readonly problems: readonly string[];
}

/** Reads every ticket of a file and says what is in it. */
export function inspect(
  file: SeedFile,
  trusted: ReadonlyMap<string, KeyObject>,
  wallMs: number,
  onProgress: (tickets: number) => void,
): Inspection {
  const { description: { set, madeAt, host, groups, greetings, plan } } = file;
  const { problems, tickets, amountFen } = auditFile(file, onProgress);
  const sums = (name: string, key: 0 | 1, value: number): Sum => ({
    name,
    tickets: groups.reduce((sum, group, i) => group[key] === value ? sum + tickets[i] : sum, 0),
    amountFen: groups.reduce((sum, group, i) => group[key] === value ? sum + amountFen[i] : sum, 0),
  });
  return {
    file: file.path,
    plan: plan.name,
    set,
    madeAt,
    expires: new Date(plan.expires).toISOString(),
    host: host.id,
    hash: file.hash,
    signedBy: file.keyId ?? null,
    tickets: file.records,
    firstId: groups[0]?.[2] ?? 0,
    limits: plan.limits,
    sponsors: plan.sponsors.map(({ number, name }) => ({ number, ...sums(name, 1, number) })),
    waves: plan.waves.map(({ name }, wave) => sums(name, 0, wave)),
    amounts: amountSteps(file),
    greetings: greetings.map(([sponsor, resource, perS, limit]) => {
      const name = plan.sponsors.find(({ number }) => number === sponsor)?.name ?? "?";
      return { sponsor, name, resource, limit, perS };
    }),
    problems: [...problems, ...useProblems(file, trusted, wallMs)],
  };
}

/** An inspection as people read it. */
export function inspectionText(result: Inspection): string {
  const { limits, firstId, tickets, problems, greetings } = result;
  const label = (text: string) => `  ${text.padEnd(28)}`;
  const count = (value: number) => formatCount(value).padStart(13);
  const row = ({ name, tickets, amountFen }: Sum) =>
    `${label(name)} ${count(tickets)} tickets ${formatYuan(amountFen).padStart(24)}`;
  const lines = [
    result.file,
    `plan        ${result.plan}`,
    `set         ${result.set}, made ${result.madeAt}, expires ${result.expires}`,
    `host        ${result.host}`,
    `hash        ${result.hash}`,
    `signed by   ${result.signedBy ?? "nobody"}`,
    `tickets     ${formatCount(tickets)}, ids ${firstId} to ${firstId + tickets - 1}`,
    `limits      ${limits.packetsPerUser} a user, ${limits.packetsPerSponsor} of a sponsor`,
    "",
    "by sponsor",
    ...result.sponsors.map((sponsor) => row({ ...sponsor, name: `${sponsor.number} ${sponsor.name}` })),
    "",
    "by wave",
    ...result.waves.map(row),
    "",
    "by amount",
    ...result.amounts.map(({ fromFen, toFen, tickets }) =>
      `${label(`${fromFen} to ${toFen} fen`)} ${count(tickets)} tickets`
    ),
    ...(greetings.length === 0 ? [] : ["", "greetings, which are no money"]),
    ...greetings.map(({ sponsor, name, resource, limit, perS }) =>
      `${label(`${sponsor} ${name}`)} ${count(limit)} of resource ${resource}, ${perS.toFixed(1)} a second`
    ),
    "",
    ...problems.map((problem) => `  ${problem}`),
    problems.length === 0 ? "right" : `${problems.length} ${problems.length === 1 ? "problem" : "problems"}`,
  ];
  return `${lines.join("\n")}\n`;
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

function amountSteps(file: SeedFile): Inspection["amounts"] {
  const counts = new Float64Array(AMOUNT_STEPS);
  for (let block = 0; block < file.blocks; block++) {
    const end = BLOCK_HEAD_BYTES / 4 + file.loadBlock(block) * RECORD_WORDS;
    for (let at = BLOCK_HEAD_BYTES / 4; at < end; at += RECORD_WORDS) {
      let step = 0;
      for (let above = 10; file.words[at + RecordWord.amountFen] >= above; above *= 10) step++;
      counts[step]++;
    }
  }
  return Array.from(
    counts,
    (tickets, step) => ({ fromFen: 10 ** step, toFen: 10 ** (step + 1) - 1, tickets }),
  )
    .filter(({ tickets }) => tickets > 0);
}
