import { describe, expect, it } from 'vitest';
import { hammingDistance } from './hamming-distance.js';

describe('the distance of a name from a hash', () => {
  it.each(['JrqhZVkTDoctYrUlXDbL6pfYQHU=', 'RC9/7mlM3ldy4TdoctOc6WzYbO4='])('A12 is 1 for "doctor" and %s', (hash) => {
    expect(hammingDistance('doctor', hash)).toBe(1);
  });

  it.each([
    ['abc', 'xxabcxx', 0],
    ['abc', 'abcxxxx', 0],
    ['abc', 'xxxxabc', 0],
    ['ABC', 'xxaBcxx', 0],
    ['abc', 'xxabxxx', 1],
    ['abc', 'aaaaaaa', 2],
    ['abc', 'xxxxxxx', 3],
    ['abc', 'abd', 1],
    ['', 'anything', 0],
  ])('A5 "%s" in "%s" is %i', (name, hash, distance) => {
    expect(hammingDistance(name, hash)).toBe(distance);
  });

  it('A5 cannot be told for a name longer than the hash', () => {
    expect(() => hammingDistance('abcd', 'abc')).toThrow(RangeError);
  });
});
