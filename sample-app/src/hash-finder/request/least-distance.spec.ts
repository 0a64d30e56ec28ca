import { describe, expect, it } from 'vitest';
import { findMatches } from '../search/find-matches.js';
import { leastDistance } from './least-distance.js';

describe('the least distance of a name from any hash', () => {
  it.each([
    ['doctor', 0],
    ['=', 0],
    ['a=', 0], // "A=" may end a hash
    ['b=', 1], // "b=" and "B=" may not
    ['=a', 1],
    ['==', 1],
    ['a=b', 1],
    ['====', 3],
    ['a'.repeat(27), 0],
    ['b'.repeat(27), 1], // reaches either the last character before "=" or the "=" itself
    ['a'.repeat(28), 1],
    [`${'a'.repeat(27)}=`, 0],
    [`${'b'.repeat(27)}=`, 1],
  ])('of "%s" is %i', (name, least) => {
    expect(leastDistance(name)).toBe(least);
  });

  it('is never more than what a real hash has', () => {
    const everything = { name: 'a'.repeat(28), idealDistance: 0, interestingDistance: 28 };
    for (const { hashedName } of findMatches(everything, 1_000, () => false)) {
      for (let start = 0; start < hashedName.length; start++) expect(leastDistance(hashedName.slice(start))).toBe(0);
    }
  });
});
