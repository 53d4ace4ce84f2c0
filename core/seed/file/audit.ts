import { BLOCK_HEAD_BYTES, RECORD_WORDS, RecordWord } from "./format.ts";
import { Layout } from "../plan/layout.ts";
import type { Plan } from "../plan/plan_schema.ts";
import type { SeedFile } from "./seed_file.ts";

/** Most problems of a file that are told one by one. */
const MOST_TOLD = 20;

/** What a file's tickets came to when they were read one by one. */
export interface Audit {
  readonly problems: readonly string[];
  /** By group, in the description's order. */
  readonly tickets: Float64Array;
  readonly amountFen: Float64Array;
}

/**
 * Reads every ticket of a file and compares it with what the file and its plan say: ids without gaps or repeats, sums to
 * the fen, times within the wave and in order.
 *
 * @param onProgress called after every block, with its tickets
 * @throws SeedRefused if a block is damaged
 */
export function auditFile(file: SeedFile, onProgress: (tickets: number) => void = () => {}): Audit {
  const { groups, plan } = file.description;
  const problems = checkGroups(file);
  const tickets = new Float64Array(groups.length);
  const amountFen = new Float64Array(groups.length);
  /** By wave and sponsor: the group's index + 1. */
  const groupOf = new Map(groups.map(([wave, sponsor], i) => [sponsor + wave * 0x1_0000, i]));
  const lengthMs = plan.waves.map(({ lengthS }) => lengthS * 1000);
  const { words } = file;
  let record = 0;
  let lastKey = -1;
  let lastGroup = -1;
  let lastDue = -1;
  let lastWave = 0;
  for (let block = 0; block < file.blocks; block++) {
    const count = file.loadBlock(block);
    const end = BLOCK_HEAD_BYTES / 4 + count * RECORD_WORDS;
    for (let at = BLOCK_HEAD_BYTES / 4; at < end; at += RECORD_WORDS, record++) {
      const key = words[at + RecordWord.sponsorAndWave];
      const group = key === lastKey ? lastGroup : groupOf.get(key) ?? -1;
      lastKey = key;
      lastGroup = group;
      const wave = key >>> 16;
      const due = words[at + RecordWord.dueMs];
      const isInOrder = wave === lastWave ? due >= lastDue : wave > lastWave;
      if (group < 0) tell(problems, record, `is in a wave or of a sponsor that has no group`);
      else if (words[at] !== groups[group][2] + tickets[group]) {
        tell(problems, record, `has id ${words[at]}, and not ${groups[group][2] + tickets[group]}`);
      } else if (!isInOrder || due >= lengthMs[wave]) tell(problems, record, "is due out of order");
      lastDue = due;
      lastWave = wave;
      if (group < 0) continue;
      tickets[group]++;
      amountFen[group] += words[at + RecordWord.amountFen];
    }
    onProgress(count);
  }
  groups.forEach(([wave, sponsor, , count, fen], i) => {
    if (tickets[i] === count && amountFen[i] === fen) return;
    problems.push(
      `wave ${plan.waves[wave]?.name} of sponsor ${sponsor}: ${tickets[i]} tickets of ${amountFen[i]} fen, ` +
        `and not ${count} of ${fen}`,
    );
  });
  return { problems, tickets, amountFen };
}

/** Whether the groups and the greetings are what the plan gives to this host. */
function checkGroups({ description: { groups, greetings, host, plan, reissue } }: SeedFile): string[] {
  const layout = new Layout(plan);
  if (reissue !== undefined) return checkReissued(groups, plan, layout);
  if (layout.hosts[host.index]?.id !== host.id) return [`the plan has no host ${host.id} at ${host.index}`];
  const planned = layout.groupsOf(host.index).map(({ wave, sponsor, firstId, count, amountFen }) =>
    [wave, plan.sponsors[sponsor].number, firstId, count, amountFen].join()
  );
  const isSame = planned.length === groups.length && planned.every((text, i) => text === groups[i].join());
  const parts = layout.greetingsOf(host.index, plan.greetings);
  return [
    ...(isSame ? [] : ["its groups are not what the plan gives to this host"]),
    ...(parts.join() === greetings.join() ? [] : ["its greetings are not what the plan gives to this host"]),
  ];
}

/** Tickets that were made anew have ids that the plan has set aside, in the order of their groups. */
function checkReissued(groups: SeedFile["description"]["groups"], plan: Plan, layout: Layout): string[] {
  const reserve = layout.firstIdOf(layout.hosts.length);
  const isInOrder = groups.every(([, , firstId, count], i) =>
    firstId + count === (groups[i + 1]?.[2] ?? firstId + count)
  );
  const [first, last] = [groups[0]?.[2] ?? reserve, groups.at(-1) ?? [0, 0, reserve, 0]];
  const isInReserve = first >= reserve && last[2] + last[3] <= reserve + plan.reserve;
  return [
    ...(isInOrder ? [] : ["its groups don't follow each other"]),
    ...(isInReserve ? [] : ["its ids are not those that the plan sets aside"]),
  ];
}

function tell(problems: string[], record: number, what: string): void {
  if (problems.length < MOST_TOLD) problems.push(`ticket ${record} ${what}`);
}
