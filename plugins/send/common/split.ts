import { assert, type Random } from "../../../core/plugin/plugin.ts";

/**
 * Splits an amount into equal shares: what doesn't divide goes to the first ones, a fen each.
 *
 * @param amountFen at least `count`
 */
export function splitEqually(amountFen: number, count: number): Uint32Array {
  assert(count >= 1 && amountFen >= count, "every share has at least 1 fen");
  const shares = new Uint32Array(count).fill(Math.floor(amountFen / count));
  for (let i = 0; i < amountFen % count; i++) shares[i]++;
  return shares;
}

/**
 * Splits an amount at random by the double-mean rule: each share is as likely to be any whole number of fen around the
 * mean of what is left, from 1 to about twice that mean. Before anything is drawn every share has the same expected
 * value, so that nobody gains by claiming early or late.
 *
 * The rule works on what is left beyond 1 fen a share: with a rest of `r` fen over `n` shares a draw is uniform in 0 to
 * `2r/n`. That bound is rarely whole, and rounding it would favour some places; so the lower or the higher whole bound
 * is taken at random, such that its mean is exactly `r/n`.
 *
 * @param amountFen at least `count`
 */
export function splitAtRandom(amountFen: number, count: number, random: Random): Uint32Array {
  assert(count >= 1 && amountFen >= count, "every share has at least 1 fen");
  const shares = new Uint32Array(count);
  let restFen = amountFen - count;
  for (let i = 0; i < count - 1; i++) {
    const left = count - i;
    const twiceRest = 2 * restFen;
    const bound = Math.floor(twiceRest / left) + (random.below(left) < twiceRest % left ? 1 : 0);
    const extraFen = random.below(bound + 1);
    shares[i] = 1 + extraFen;
    restFen -= extraFen;
  }
  shares[count - 1] = 1 + restFen;
  return shares;
}
