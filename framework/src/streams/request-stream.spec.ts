import { firstValueFrom, isObservable, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { RequestStream } from './request-stream.js';

function stream(
  messages: readonly number[],
  failure?: Error,
): { readonly requests: RequestStream<number>; readonly log: string[] } {
  const log: string[] = [];
  const requests = new RequestStream(async function* () {
    try {
      for (const message of messages) {
        log.push(`read ${message}`);
        yield message;
      }
      if (failure !== undefined) throw failure;
    } finally {
      log.push('returned');
    }
  });
  return { requests, log };
}

describe('RequestStream', () => {
  it('reads nothing before somebody asks', () => {
    expect(stream([1, 2]).log).toEqual([]);
  });

  it('is iterated', async () => {
    const { requests } = stream([1, 2]);
    const seen: number[] = [];
    for await (const message of requests) seen.push(message);
    expect(seen).toEqual([1, 2]);
  });

  it('is an Observable', async () => {
    const { requests } = stream([1, 2]);
    expect(isObservable(requests)).toBe(true);
    expect(await firstValueFrom(requests.pipe(toArray()))).toEqual([1, 2]);
  });

  it('passes an error on to a subscriber', async () => {
    const { requests } = stream([1], new Error('broken off'));
    const seen: unknown[] = [];
    const error = await new Promise((resolve) =>
      requests.subscribe({ next: (message) => seen.push(message), error: resolve }),
    );
    expect(seen).toEqual([1]);
    expect(error).toMatchObject({ message: 'broken off' });
  });

  it('reads no more than a subscriber that unsubscribes wants', async () => {
    const { requests, log } = stream([1, 2, 3]);
    expect(await firstValueFrom(requests)).toBe(1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(log).toEqual(['read 1', 'returned']);
  });
});
