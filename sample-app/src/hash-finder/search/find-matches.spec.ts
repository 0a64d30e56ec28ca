import { describe, expect, it } from 'vitest';
import { findMatches, type Ending, type Match, type Wanted } from './find-matches.js';

const ENDLESS = 1_000_000_000_000;
const never = (): boolean => false;

/** Runs a search to its end. */
function searched(wanted: Wanted, maximumHashes: number, isStopped = never): { matches: Match[]; ending: Ending } {
  const search = findMatches(wanted, maximumHashes, isStopped);
  const matches: Match[] = [];
  for (;;) {
    const next = search.next();
    if (next.done === true) return { matches, ending: next.value };
    matches.push(next.value);
  }
}

describe('a search', () => {
  it('A4 hashes with SHA-1 and writes base64', () => {
    // every hash is within 28 of a name of 28 characters
    const wanted = { name: 'a'.repeat(28), idealDistance: 0, interestingDistance: 28 };
    const { matches } = searched(wanted, 2);
    expect(matches.map(({ secret, hashedName }) => [secret, hashedName])).toEqual([
      ['', '2jmj7l5rSw0yVb/vlWAYkK/YBwk='],
      ['AA==', 'W6k8nbDP+T9StSHXQg5D9u2ieE8='],
    ]);
  });

  it('A13 finds "aa" within the default maximum, and ends there', () => {
    const { matches, ending } = searched({ name: 'aa', idealDistance: 0, interestingDistance: 0 }, 1_000_000);
    expect(ending).toBe('ideal');
    expect(matches).toHaveLength(1);
    expect(matches[0]?.hammingDistance).toBe(0);
    expect(matches[0]?.hashedName.toLowerCase()).toContain('aa');
  });

  it('A6 reports interesting matches on its way, and (differs) ends on an ideal one', () => {
    const { matches, ending } = searched({ name: 'doc', idealDistance: 0, interestingDistance: 1 }, 1_000_000);
    expect(ending).toBe('ideal');
    expect(matches.slice(0, -1).map((match) => match.hammingDistance)).toContain(1);
    expect(matches.filter((match) => match.hammingDistance === 0)).toEqual(matches.slice(-1));
  });

  it('an interesting distance below the ideal one changes nothing', () => {
    const unset = searched({ name: 'doctor', idealDistance: 3, interestingDistance: 0 }, ENDLESS);
    expect(searched({ name: 'doctor', idealDistance: 3, interestingDistance: 2 }, ENDLESS)).toEqual(unset);
  });

  it('A6 is exhausted when it has tried as many as it may, the last one included', () => {
    const wanted = { name: 'aaaaaaaaaa', idealDistance: 0, interestingDistance: 10 };
    const { matches, ending } = searched(wanted, 100);
    expect(ending).toBe('exhausted');
    expect(matches).toHaveLength(100);
  });

  it('ends as ideal, not exhausted, when the last hash it may try is ideal', () => {
    const all = searched({ name: 'aa', idealDistance: 0, interestingDistance: 2 }, 1_000_000).matches;
    expect(searched({ name: 'aa', idealDistance: 0, interestingDistance: 0 }, all.length).ending).toBe('ideal');
    expect(searched({ name: 'aa', idealDistance: 0, interestingDistance: 0 }, all.length - 1).ending).toBe('exhausted');
  });

  it('A6 asks before each hash whether it is stopped', () => {
    let asked = 0;
    const { matches, ending } = searched(
      { name: 'aaaaaaaaaa', idealDistance: 0, interestingDistance: 10 },
      ENDLESS,
      () => ++asked > 5,
    );
    expect(ending).toBe('stopped');
    expect(matches).toHaveLength(5);
  });
});
