/** Accounts in the order in which they are shown, and what people call them. */
const WORDS: readonly (readonly [account: string, words: string])[] = [
  ["sourceFen", "put in"],
  ["poolFen", "in the pool"],
  ["heldFen", "won, not opened"],
  ["userFen", "users have"],
  ["packetFen", "in sent packets"],
  ["paidFen", "paid out"],
  ["returnedFen", "returned"],
];

/** What is in each account that servers told of, in words; what was put in as a positive sum. */
export function accountsInWords(sums: Readonly<Record<string, number>>): { words: string; fen: number }[] {
  const known = WORDS.filter(([account]) => account in sums);
  const others = Object.keys(sums).filter((account) => !WORDS.some(([name]) => name === account));
  return [...known, ...others.map((account) => [account, account.replace(/Fen$/, "")] as const)]
    .map(([account, words]) => ({ words, fen: account === "sourceFen" ? -sums[account] : sums[account] }));
}
