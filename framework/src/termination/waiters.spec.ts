import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../call/clock.js';
import { Waiters } from './waiters.js';

const YEAR_MS = 365 * 24 * 3_600_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('waiters', () => {
  it('are told of the end, however many, and hold no timer afterwards', async () => {
    const waiters = new Waiters(systemClock);
    const waits = [Infinity, 100, 1_000].map((timeoutMs) => waiters.wait(timeoutMs));
    waiters.tellAll();

    expect(await Promise.all(waits)).toEqual([true, true, true]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('are told of an error', async () => {
    const waiters = new Waiters(systemClock);
    const wait = expect(waiters.wait(Infinity)).rejects.toThrow('crashed');
    waiters.tellAll(new Error('crashed'));

    await wait;
  });

  it('give up each at its own time, and leave nothing behind', async () => {
    const waiters = new Waiters(systemClock);
    const given = vi.fn();
    for (const timeoutMs of [100, 200]) void waiters.wait(timeoutMs).then((ended) => given(timeoutMs, ended));

    await vi.advanceTimersByTimeAsync(100);
    expect(given.mock.calls).toEqual([[100, false]]);
    expect(waiters.size).toBe(1);
    await vi.advanceTimersByTimeAsync(100);
    expect(given.mock.calls).toEqual([
      [100, false],
      [200, false],
    ]);
    expect(waiters.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('wait for years with one timer, which keeps the process alive', async () => {
    const waiters = new Waiters(systemClock);
    const given = vi.fn();
    const wait = waiters.wait(Infinity).then(given);

    await vi.advanceTimersByTimeAsync(3 * YEAR_MS);
    expect(vi.getTimerCount()).toBe(1);
    expect(given).not.toHaveBeenCalled();
    waiters.tellAll();
    await wait;
    expect(given).toHaveBeenCalledWith(true);
    expect(vi.getTimerCount()).toBe(0);
  });
});
