import { describe, expect, it } from 'vitest';
import { isAsyncIterable, pump, returnQuietly, type Outlet } from './pump.js';

/** A source that notes what is asked of it. */
function source(count: number): { readonly iterator: AsyncIterator<number>; readonly log: string[] } {
  const log: string[] = [];
  async function* numbers(): AsyncGenerator<number> {
    try {
      for (let n = 0; n < count; n++) {
        log.push(`made ${n}`);
        yield n;
      }
    } finally {
      log.push('finally');
    }
  }
  return { iterator: numbers(), log };
}

describe('pump', () => {
  it('asks for the next message only when there is room', async () => {
    const { iterator, log } = source(3);
    const outlet: Outlet<number> = {
      send(message) {
        log.push(`sent ${message}`);
        return message !== 1;
      },
      async drained() {
        log.push('waited');
      },
    };
    await pump(iterator, outlet);
    expect(log).toEqual(['made 0', 'sent 0', 'made 1', 'sent 1', 'waited', 'made 2', 'sent 2', 'finally']);
  });

  it.each([
    ['taking a message', { send: (): never => raise(), drained: async (): Promise<void> => undefined }],
    [
      'waiting for room',
      { send: (): boolean => false, drained: (): Promise<void> => Promise.reject(new Error('full')) },
    ],
  ] as const)('returns the iterator when %s fails', async (_where, outlet) => {
    const { iterator, log } = source(3);
    await expect(pump(iterator, outlet)).rejects.toThrow('full');
    expect(log).toEqual(['made 0', 'finally']);
  });

  it('lets the event loop turn when an endless source never waits', async () => {
    async function* endless(): AsyncGenerator<number> {
      for (;;) yield 1;
    }
    let stopped = false;
    setImmediate(() => (stopped = true));
    const send = (): boolean => {
      if (stopped) throw new Error('stopped');
      return true;
    };
    await expect(pump(endless(), { send, drained: async () => undefined })).rejects.toThrow('stopped');
  });

  it('passes on what the source throws', async () => {
    async function* broken(): AsyncGenerator<number> {
      yield 1;
      throw new Error('broken');
    }
    const sent: number[] = [];
    await expect(pump(broken(), { send: (n) => sent.push(n) > 0, drained: async () => undefined })).rejects.toThrow(
      'broken',
    );
    expect(sent).toEqual([1]);
  });
});

describe('returnQuietly', () => {
  it('runs the finally of a generator that waits at a yield, and keeps what that throws', async () => {
    let ran = false;
    async function* careless(): AsyncGenerator<number> {
      try {
        yield 1;
      } finally {
        ran = true;
        raise();
      }
    }
    const iterator = careless();
    await iterator.next();
    await returnQuietly(iterator);
    expect(ran).toBe(true);
  });

  it('takes an iterator without a return', async () => {
    await expect(returnQuietly({ next: async () => ({ done: true, value: undefined }) })).resolves.toBeUndefined();
  });
});

describe('isAsyncIterable', () => {
  it.each([
    [source(0).iterator, true],
    [{ [Symbol.asyncIterator]: () => source(0).iterator }, true],
    [[1], false],
    ['text', false],
    [undefined, false],
    [null, false],
    [{ [Symbol.asyncIterator]: 1 }, false],
  ])('%o: %s', (value, expected) => {
    expect(isAsyncIterable(value)).toBe(expected);
  });
});

function raise(): never {
  throw new Error('full');
}
