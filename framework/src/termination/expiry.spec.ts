import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../call/clock.js';
import { Expiry } from './expiry.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** An expiry, and whether it has come. */
function watched() {
  const expiry = new Expiry(systemClock);
  const passed = vi.fn();
  void expiry.passed.then(passed);
  return { expiry, passed };
}

describe('an expiry', () => {
  it('comes when its time is up', async () => {
    const { expiry, passed } = watched();
    expiry.within(100);

    await vi.advanceTimersByTimeAsync(99);
    expect(passed).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(passed).toHaveBeenCalled();
  });

  it('comes at once for 0, without a timer', async () => {
    const { expiry } = watched();
    expiry.within(0);

    await expect(expiry.passed).resolves.toBeUndefined();
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([
    ['brought forward', 30_000, 200, 200],
    ['not put off', 200, 60_000, 200],
    ['brought forward from never', Infinity, 200, 200],
  ])('is %s', async (_what, firstMs, secondMs, expectedMs) => {
    const { expiry, passed } = watched();
    expiry.within(firstMs);
    expiry.within(secondMs);

    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(expectedMs - 1);
    expect(passed).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(passed).toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('counts from each call: a shorter time that ends later changes nothing', async () => {
    const { expiry, passed } = watched();
    expiry.within(100);
    await vi.advanceTimersByTimeAsync(80);
    expiry.within(50);

    await vi.advanceTimersByTimeAsync(20);
    expect(passed).toHaveBeenCalled();
  });

  it('holds no timer once cancelled, not even when asked again', async () => {
    const { expiry, passed } = watched();
    expiry.within(100);
    expiry.cancel();
    expiry.within(50);

    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(200);
    expect(passed).not.toHaveBeenCalled();
  });
});
