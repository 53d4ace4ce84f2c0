import type { LedgerLimits } from "../ledger/record/ledger.ts";
import type { SortedBlocks } from "../ledger/record/sorted_blocks.ts";
import type { Differences } from "./differences.ts";

/** Finds users with more packets than one may have. Records are a user and a sponsor. */
export function checkLimits(byUser: SortedBlocks, limits: LedgerLimits, differences: Differences): void {
  const { packetsPerUser, packetsPerSponsor } = limits;
  const ofSponsor = new Map<number, number>();
  let user = -1;
  let inAll = 0;
  const settle = () => {
    if (inAll > packetsPerUser) {
      differences.add(`user ${user}: has ${inAll} packets, and ${packetsPerUser} are allowed`);
    }
    for (const [sponsor, count] of ofSponsor) {
      if (count <= packetsPerSponsor) continue;
      differences.add(
        `user ${user}: has ${count} packets of sponsor ${sponsor}, and ${packetsPerSponsor} are allowed`,
      );
    }
  };
  byUser.merge((words, at) => {
    if (words[at] !== user) {
      settle();
      user = words[at];
      inAll = 0;
      ofSponsor.clear();
    }
    inAll++;
    const sponsor = words[at + 1];
    ofSponsor.set(sponsor, (ofSponsor.get(sponsor) ?? 0) + 1);
  });
  settle();
}
