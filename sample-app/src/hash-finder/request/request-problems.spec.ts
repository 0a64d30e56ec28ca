import { describe, expect, it } from 'vitest';
import { findProblems, findRangeProblems } from './request-problems.js';

const fields = (desiredName: string, idealHammingDistance = 0, interestingHammingDistance = 0) => ({
  desiredName,
  idealHammingDistance,
  interestingHammingDistance,
});

const EMPTY = 'desired_name is empty, so every hash would have it: give 1 to 28 characters';
const EQUALS = 'a hash has "=" only as the last of 28 characters, after one of AEIMQUYcgkosw048';

describe('a request of Find or FindRange', () => {
  it.each([
    ['the plainest', fields('aa')],
    ['one letter', fields('a')],
    ['every character of base64', fields('Az09+/')],
    ['"=" where a hash has it', fields('oU=')],
    ['"=" elsewhere, within the ideal distance', fields('a=b', 1)],
    ['28 characters', fields(`${'a'.repeat(27)}=`)],
    ['the farthest ideal distance', fields('doctor', 5)],
    ['interesting as an old client sends it: unset', fields('doctor', 2, 0)],
    ['interesting less than ideal: no effect', fields('doctor', 2, 1)],
    ['interesting, as --show-inferior sends it', fields('doctor', 0, 3)],
    ['interesting as the whole name: reports every hash', fields('doctor', 0, 6)],
  ])('is fine: %s', (_, request) => {
    expect(findProblems(request)).toEqual([]);
    expect(findRangeProblems(request)).toEqual([]);
  });

  it.each([
    ['an empty name', fields(''), [EMPTY]],
    ['a long name', fields('a'.repeat(29)), ['desired_name has 29 characters, more than the 28 of a hash in base64']],
    ['a foreign character', fields('a-b'), ['desired_name has "-", which no hash in base64 has']],
    [
      'characters of more than one unit',
      fields('é😀 é'),
      ['desired_name has "é", "😀", " ", which no hash in base64 has'],
    ],
    [
      'a long name of foreign characters, kept short',
      fields('-_.,:;#*'.repeat(1_000)),
      [
        'desired_name has 8000 characters, more than the 28 of a hash in base64',
        'desired_name has "-", "_", ".", ",", ":", …, which no hash in base64 has',
      ],
    ],
    ['a negative ideal distance', fields('aa', -1), ['ideal_hamming_distance is negative: -1']],
    ['a negative interesting distance', fields('aa', 0, -7), ['interesting_hamming_distance is negative: -7']],
    [
      'an ideal distance of the whole name',
      fields('aa', 2),
      ['ideal_hamming_distance is 2, so any hash would do: it must be less than the 2 characters of desired_name'],
    ],
    [
      'an absurd ideal distance',
      fields('a', 2 ** 31 - 1),
      [
        'ideal_hamming_distance is 2147483647, so any hash would do: it must be less than the 1 character of desired_name',
      ],
    ],
    [
      'an ideal distance that no hash can have',
      fields('a=b'),
      [`ideal_hamming_distance is 0, but no hash comes nearer to desired_name than 1: ${EQUALS}`],
    ],
    [
      'everything at once',
      fields('', -1, -2),
      [EMPTY, 'ideal_hamming_distance is negative: -1', 'interesting_hamming_distance is negative: -2'],
    ],
  ])('is refused: %s', (_, request, problems) => {
    expect(findProblems(request)).toEqual(problems);
    expect(findRangeProblems(request)).toEqual(problems);
  });
});

describe('the interesting distance', () => {
  it('beyond the name is refused by FindRange, and not read by Find', () => {
    const request = fields('aa', 0, 3);
    expect(findProblems(request)).toEqual([]);
    expect(findRangeProblems(request)).toEqual([
      'interesting_hamming_distance is 3, but no hash differs from desired_name in more than its 2 characters',
    ]);
  });

  it('within reach is enough for FindRange, though the ideal one is not; Find has nothing to answer', () => {
    const request = fields('a=b', 0, 1);
    expect(findRangeProblems(request)).toEqual([]);
    expect(findProblems(request)).toHaveLength(1);
  });
});
