import { on, once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Match, Wanted } from '../search/find-matches.js';
import { MAX_UNREAD_MATCHES, SearchControl } from './search-control.js';
import { SearchThreads } from './search-threads.js';

const ENDLESS = 1_000_000_000_000;
/** Now and then a match, and none the last. */
const SELDOM: Wanted = { name: 'aaaaaaaaaa', idealDistance: 0, interestingDistance: 7 };
/** Every hash is a match, and none the last. */
const EVERYTHING: Wanted = { ...SELDOM, interestingDistance: 10 };

let threads: SearchThreads;
beforeEach(() => {
  threads = new SearchThreads(1);
});
afterEach(() => threads.destroy());

function start(wanted: Wanted, maximumHashes: number) {
  const control = new SearchControl();
  const { port1, port2 } = new MessageChannel();
  const matches = on(port1, 'message', { close: ['close'] }) as AsyncIterableIterator<[Match]>;
  const job = { wanted, maximumHashes, memory: control.memory, port: port2 };
  return { control, port: port1, matches, ending: threads.run(job, { transferList: [port2] }) };
}

describe('a search in a thread', () => {
  it('runs ahead of its reader by a few matches and no more', async () => {
    const { control, matches, ending } = start(EVERYTHING, 1_000);
    while (control.unread < MAX_UNREAD_MATCHES) await nextTurn();
    // were it not held back, a thousand hashes would be done long before
    for (let turn = 0; turn < 10_000; turn++) {
      await nextTurn();
      expect(control.unread).toBe(MAX_UNREAD_MATCHES);
    }

    let read = 0;
    let mostUnread = 0;
    for await (const _ of matches) {
      mostUnread = Math.max(mostUnread, control.unread);
      control.take();
      read++;
    }
    expect(read).toBe(1_000);
    expect(mostUnread).toBe(MAX_UNREAD_MATCHES);
    await expect(ending).resolves.toBe('exhausted');
  });

  it('stops while it hashes, and closes its port', async () => {
    const { control, port, matches, ending } = start(SELDOM, ENDLESS);
    const closed = once(port, 'close');
    await matches.next();
    control.stop();
    await expect(ending).resolves.toBe('stopped');
    await closed;
  });

  it('stops while it waits for its reader', async () => {
    const { control, ending } = start(EVERYTHING, ENDLESS);
    while (control.unread < MAX_UNREAD_MATCHES) await nextTurn();
    control.stop();
    await expect(ending).resolves.toBe('stopped');
  });

  it('leaves its thread to the next', async () => {
    const [thread] = threads.threads;
    for (let round = 0; round < 20; round++) {
      const { control, matches, ending } = start(EVERYTHING, ENDLESS);
      await matches.next();
      control.stop();
      await ending;
    }
    expect(threads.threads).toEqual([thread]);
  });
});
