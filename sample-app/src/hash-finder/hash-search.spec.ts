import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HashSearch } from './hash-search.js';
import { ResourceLimitExceeded } from './resource-limit-exceeded.js';
import type { Match, Wanted } from './search/find-matches.js';
import { SearchThreads } from './worker/search-threads.js';

const ENDLESS = 1_000_000_000_000;
const SIMPLE: Wanted = { name: 'aa', idealDistance: 0, interestingDistance: 0 };
const HOPELESS: Wanted = { name: 'aaaaaaaaaa', idealDistance: 0, interestingDistance: 0 };
/** Every hash is a match, and none the last. */
const EVERYTHING: Wanted = { ...HOPELESS, interestingDistance: 10 };
/** Now and then a match, and none the last. */
const SELDOM: Wanted = { ...HOPELESS, interestingDistance: 7 };

let threads: SearchThreads;
beforeEach(() => {
  threads = new SearchThreads(1);
});
afterEach(() => threads.destroy());

const unaborted = (): AbortSignal => new AbortController().signal;

describe('finding one hash', () => {
  it('A13 answers the first ideal match', async () => {
    const match = await new HashSearch(threads, 1_000_000).find({ ...SIMPLE, interestingDistance: 2 }, unaborted());
    expect(match?.hammingDistance).toBe(0);
    expect(match?.hashedName.toLowerCase()).toContain('aa');
  });

  it('A7 throws at the maximum', async () => {
    const error = await new HashSearch(threads, 100).find(HOPELESS, unaborted()).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ResourceLimitExceeded);
    expect(error).toMatchObject({ maximumHashes: 100 });
  });

  it('A7 answers nothing when it is stopped, before or during the search', async () => {
    const search = new HashSearch(threads, ENDLESS);
    await expect(search.find(HOPELESS, AbortSignal.abort())).resolves.toBeUndefined();
    const controller = new AbortController();
    const found = search.find(HOPELESS, controller.signal);
    controller.abort();
    await expect(found).resolves.toBeUndefined();
    await expect(search.find(SIMPLE, unaborted())).resolves.toMatchObject({ hammingDistance: 0 });
  });
});

describe('finding a range of hashes', () => {
  it('A7 gives the matches found so far before it throws at the maximum', async () => {
    const matches: Match[] = [];
    const search = new HashSearch(threads, 100);
    const reading = (async () => {
      for await (const match of search.findRange(EVERYTHING, unaborted())) matches.push(match);
    })();
    await expect(reading).rejects.toThrow(ResourceLimitExceeded);
    expect(matches).toHaveLength(100);
    expect(matches[0]).toEqual({ secret: '', hashedName: '2jmj7l5rSw0yVb/vlWAYkK/YBwk=', hammingDistance: 9 });
  });

  it('gives matches while the search goes on', async () => {
    for await (const match of new HashSearch(threads, ENDLESS).findRange(SELDOM, unaborted())) {
      expect(match.hammingDistance).toBeLessThanOrEqual(7);
      break;
    }
  });

  it('stops soon after the signal, wherever the search then is, and keeps its thread', async () => {
    const search = new HashSearch(threads, ENDLESS);
    const [thread] = threads.threads;
    const latenciesMs: number[] = [];
    for (let round = 0; round < 50; round++) {
      const controller = new AbortController();
      // half of them are hashing, half are waiting for their reader
      const matches = search.findRange(round % 2 === 0 ? SELDOM : EVERYTHING, controller.signal);
      await matches.next();
      const started = performance.now();
      controller.abort();
      await expect(matches.next()).resolves.toEqual({ done: true, value: undefined });
      latenciesMs.push(performance.now() - started);
    }
    expect(threads.threads).toEqual([thread]);
    latenciesMs.sort((a, b) => a - b);
    const [median, most] = [latenciesMs[25]!, latenciesMs[49]!];
    console.info(`signal to free thread, 50 stops: median ${median.toFixed(2)} ms, at most ${most.toFixed(2)} ms`);
  });

  it('frees the thread when its reader leaves', async () => {
    const search = new HashSearch(threads, ENDLESS);
    for (let round = 0; round < 20; round++) {
      for await (const _ of search.findRange(EVERYTHING, unaborted())) break;
    }
    await expect(search.find(SIMPLE, unaborted())).resolves.toMatchObject({ hammingDistance: 0 });
  });

  it('fails when the search cannot begin', async () => {
    vi.spyOn(threads, 'run').mockRejectedValue(new Error('no such worker'));
    const matches = new HashSearch(threads, ENDLESS).findRange(EVERYTHING, unaborted());
    await expect(matches.next()).rejects.toThrow('no such worker');
  });

  it('fails when its thread dies, and the next search gets another', async () => {
    const search = new HashSearch(threads, ENDLESS);
    const matches = search.findRange(EVERYTHING, unaborted());
    await matches.next();
    await threads.threads[0]!.terminate();
    const reading = (async () => {
      for await (const _ of matches);
    })();
    await expect(reading).rejects.toThrow('worker exited');
    await expect(search.find(SIMPLE, unaborted())).resolves.toMatchObject({ hammingDistance: 0 });
  });
});
