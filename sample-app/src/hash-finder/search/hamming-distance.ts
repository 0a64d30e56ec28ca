/**
 * How many characters of a name differ from a hash, where the name fits best; upper and lower case are the same.
 *
 * @returns 0 (the hash has the name in it) up to the length of the name
 * @throws {RangeError} when the name is longer than the hash
 */
export function hammingDistance(name: string, hash: string): number {
  if (name.length > hash.length) throw new RangeError('A hash must be at least as long as the name');
  const wanted = name.toLowerCase();
  const candidate = hash.toLowerCase();
  let least = wanted.length;
  for (let start = 0; start + wanted.length <= candidate.length && least > 0; start++) {
    least = Math.min(least, differencesAt(start, wanted, candidate));
  }
  return least;
}

function differencesAt(start: number, wanted: string, candidate: string): number {
  let differences = 0;
  for (let index = 0; index < wanted.length; index++) {
    if (wanted.charCodeAt(index) !== candidate.charCodeAt(start + index)) differences++;
  }
  return differences;
}
