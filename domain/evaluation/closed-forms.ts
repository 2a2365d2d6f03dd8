/**
 * Gives the chance that most of `voters` independent voters are right: Condorcet's jury theorem ("Essai sur l'application
 * de l'analyse", 1785), the exact sum of the binomial distribution.
 *
 * @param voters - an odd number
 * @param accuracy - of each, 0 to 1, between two options
 */
export function juryAccuracy(voters: number, accuracy: number): number {
  return weightedAccuracy(
    Array.from({ length: voters }, () => accuracy),
    Array.from({ length: voters }, () => 1),
  );
}

/**
 * Gives the chance that the best rule there is decides rightly between two equally likely options: the one that makes what
 * the independent voters said more likely. It is the vote weighted by log-odds (S. Nitzan, J. Paroush, 1982).
 *
 * @param accuracies - of the voters, at most some twenty
 */
export function optimalAccuracy(accuracies: readonly number[]): number {
  let total = 0;
  for (let pattern = 0; pattern < 2 ** accuracies.length; pattern += 1) {
    let [ifRight, ifWrong] = [1, 1];
    for (const [index, accuracy] of accuracies.entries()) {
      const isRight = (pattern >> index) % 2 === 1;
      ifRight *= isRight ? accuracy : 1 - accuracy;
      ifWrong *= isRight ? 1 - accuracy : accuracy;
    }
    total += Math.max(ifRight, ifWrong) / 2;
  }
  return total;
}

/**
 * Gives the chance that a weighted vote of independent voters between two options is right, over all 2^n patterns of right
 * and wrong; equal sums count half.
 *
 * @param accuracies - of the voters, at most some twenty
 * @param weights - as many, above 0
 */
export function weightedAccuracy(
  accuracies: readonly number[],
  weights: readonly number[],
): number {
  const voters = accuracies.map((accuracy, index) => ({
    accuracy,
    weight: Number(weights[index]),
  }));
  const half = voters.reduce((sum, { weight }) => sum + weight, 0) / 2;
  let total = 0;
  for (let pattern = 0; pattern < 2 ** voters.length; pattern += 1) {
    let [chance, right] = [1, 0];
    for (const [index, { accuracy, weight }] of voters.entries()) {
      const isRight = (pattern >> index) % 2 === 1;
      chance *= isRight ? accuracy : 1 - accuracy;
      right += isRight ? weight : 0;
    }
    const lead = right - half;
    total += Math.abs(lead) < 1e-9 ? chance / 2 : lead > 0 ? chance : 0;
  }
  return total;
}

/** Honest voters of one accuracy among liars who all name the same wrong option. */
export interface LiedTo {
  readonly honest: number;
  readonly liars: number;
  /** Of an honest one. */
  readonly accuracy: number;
  /** Share of the honest errors that go to the option that the liars name; the others get the rest evenly. */
  readonly lured: number;
  /** At least 3. */
  readonly options: number;
}

/**
 * Gives the chance to be right that no rule over single votes exceeds when nobody knows who lies, nor which option is
 * the lie: every pattern of votes is decided for the option that it makes most likely (T. Bayes, 1763).
 *
 * @param panel - at most some twenty voters, and few options
 */
export function optimalAgainstLiars(panel: LiedTo): number {
  const { honest, liars, options } = panel;
  const pairs = Array.from({ length: options }, (_, truth) => truth).flatMap((truth) =>
    Array.from({ length: options }, (_, lie) => ({ truth, lie })).filter(
      ({ lie }) => lie !== truth,
    ),
  );
  return patterns(honest + liars, options).reduce((total, votes) => {
    const likely = Array.from({ length: options }, () => 0);
    for (const pair of pairs)
      likely[pair.truth] = Number(likely[pair.truth]) + chanceOf(votes, pair, panel);
    return total + Math.max(...likely) / pairs.length;
  }, 0);
}

/** All ways to spread votes over options. */
function patterns(votes: number, options: number): readonly (readonly number[])[] {
  if (options === 1) return [[votes]];
  return Array.from({ length: votes + 1 }, (_, first) =>
    patterns(votes - first, options - 1).map((rest) => [first, ...rest]),
  ).flat();
}

/** Multinomial chance of the honest votes in a pattern, for one truth and one lie. */
function chanceOf(
  votes: readonly number[],
  { truth, lie }: { readonly truth: number; readonly lie: number },
  { liars, accuracy, lured, options }: LiedTo,
): number {
  let [chance, placed] = [1, 0];
  for (const [option, count] of votes.entries()) {
    const honest = option === lie ? count - liars : count;
    if (honest < 0) return 0;
    const error = option === lie ? lured : (1 - lured) / (options - 2);
    const share = option === truth ? accuracy : (1 - accuracy) * error;
    for (let one = 1; one <= honest; one += 1) {
      placed += 1;
      chance *= (share * placed) / one;
    }
  }
  return chance;
}
