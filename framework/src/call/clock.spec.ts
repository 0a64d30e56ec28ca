import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MAX_TIMER_MS, systemClock } from './clock.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('systemClock', () => {
  it('tells the time in ms since the epoch', () => {
    vi.setSystemTime(1_700_000_000_123);

    expect(systemClock.now()).toBe(1_700_000_000_123);
  });

  it.each([
    ['a negative delay', -5, 0],
    ['none', 0, 0],
    ['a millisecond', 1, 1],
    ['the longest delay of a timer of Node', MAX_TIMER_MS, MAX_TIMER_MS],
    ['one more, which such a timer would take for 1 ms', MAX_TIMER_MS + 1, MAX_TIMER_MS + 1],
    ['a year', 365 * 24 * 3_600_000, 365 * 24 * 3_600_000],
  ])('waits for %s', (_what, delayMs, expectedMs) => {
    const fired = vi.fn();
    systemClock.setTimeout(fired, delayMs);

    vi.advanceTimersByTime(Math.max(0, expectedMs - 1));
    expect(fired).toHaveBeenCalledTimes(expectedMs === 0 ? 1 : 0);
    vi.advanceTimersByTime(1);
    expect(fired).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('never fires after Infinity, and holds no timer for it', () => {
    systemClock.setTimeout(() => expect.unreachable(), Infinity);

    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([
    ['before it fires', 10, 5],
    ['between the steps of a long one', MAX_TIMER_MS * 2, MAX_TIMER_MS + 5],
  ])('stops a timer %s', (_when, delayMs, stopAfterMs) => {
    const fired = vi.fn();
    const stop = systemClock.setTimeout(fired, delayMs);
    vi.advanceTimersByTime(stopAfterMs);
    stop();
    stop();

    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(delayMs);
    expect(fired).not.toHaveBeenCalled();
  });
});
