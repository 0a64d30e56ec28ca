/** Of a word's letters, how many in ten may be wrong before a candidate stops being what the writer meant. */
const WRONG_LETTERS_IN_TEN = 4;

/**
 * The candidate that a misspelt word most likely meant; `undefined` when none is near. Case does not count, and of two
 * equally near candidates the first wins.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase();
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of candidates) {
    const limit = Math.floor((Math.max(word.length, candidate.length) * WRONG_LETTERS_IN_TEN) / 10);
    const distance = boundedDistance(wanted, candidate.toLowerCase(), Math.min(limit, bestDistance - 1));
    if (distance === undefined) continue;
    best = candidate;
    bestDistance = distance;
  }
  return best;
}

/** What to add to a message about an unknown name: ` Did you mean "findRange"?`, or nothing when no candidate is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const meant = nearest(word, candidates);
  return meant === undefined ? '' : ` Did you mean "${meant}"?`;
}

/** Insertions, deletions, replacements and swaps of neighbours from `a` to `b`; `undefined` when more than `limit`. */
function boundedDistance(a: string, b: string, limit: number): number | undefined {
  if (Math.abs(a.length - b.length) > limit) return undefined;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        at(last, j) + 1,
        at(row, j - 1) + 1,
        at(last, j - 1) + (same ? 0 : 1),
        swapped ? at(beforeLast, j - 2) + 1 : Infinity,
      );
    }
    if (Math.min(...row) > limit) return undefined;
    [beforeLast, last] = [last, row];
  }
  const distance = at(last, b.length);
  return distance <= limit ? distance : undefined;
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity;
}
