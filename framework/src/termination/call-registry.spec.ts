import { describe, expect, it, vi } from 'vitest';
import { CallRegistry, type LiveCall } from './call-registry.js';

function call(path = '/t.S/M', endForShutdown = vi.fn<() => void>()) {
  return { path, endForShutdown } satisfies LiveCall;
}

/** Lets every promise that is resolved by now run what waits for it. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('a call registry', () => {
  it('without a call is empty and settled', async () => {
    const registry = new CallRegistry();

    await Promise.all([registry.empty(), registry.allSettled()]);
    expect(registry.size).toBe(0);
  });

  it('is empty when the last call has left, for all who wait', async () => {
    const registry = new CallRegistry();
    const [first, second] = [call(), call()];
    registry.enter(first);
    registry.enter(second);
    const told = vi.fn();
    for (let waiter = 0; waiter < 3; waiter++) void registry.empty().then(told);

    registry.leave(first);
    registry.leave(first);
    await settle();
    expect(told).not.toHaveBeenCalled();
    registry.leave(second);
    await settle();
    expect(told).toHaveBeenCalledTimes(3);
  });

  it('waits anew after it was empty once', async () => {
    const registry = new CallRegistry();
    const [first, second] = [call(), call()];
    registry.enter(first);
    const before = registry.empty();
    registry.leave(first);
    await before;
    registry.enter(second);
    const told = vi.fn();
    void registry.empty().then(told);

    await settle();
    expect(told).not.toHaveBeenCalled();
    registry.leave(second);
    await settle();
    expect(told).toHaveBeenCalledTimes(1);
  });

  it('tells handlers that run from calls that are on the wire', async () => {
    const registry = new CallRegistry();
    const [stuck, flushing] = [call('/t.S/Stuck'), call('/t.S/Flushing')];
    registry.enter(stuck);
    registry.enter(flushing);
    const settled = vi.fn();
    void registry.allSettled().then(settled);

    registry.settled(flushing);
    await settle();
    expect([...registry.runningByPath()]).toEqual([['/t.S/Stuck', 1]]);
    expect(settled).not.toHaveBeenCalled();
    registry.settled(stuck);
    await settle();
    expect(settled).toHaveBeenCalledTimes(1);
    expect(registry.size).toBe(2);
  });

  it('counts a call that has no handler yet as one, and no handler', async () => {
    const registry = new CallRegistry();
    const arriving = call();
    registry.arrive(arriving);

    expect([registry.size, [...registry.runningByPath()]]).toEqual([1, []]);
    await registry.allSettled();
    registry.endAll();
    expect(arriving.endForShutdown).toHaveBeenCalledTimes(1);
    registry.leave(arriving);
    await registry.empty();
  });

  it('counts the handlers of each method', () => {
    const registry = new CallRegistry();
    for (const path of ['/t.S/A', '/t.S/B', '/t.S/A']) registry.enter(call(path));

    expect([...registry.runningByPath()]).toEqual([
      ['/t.S/A', 2],
      ['/t.S/B', 1],
    ]);
  });

  it('ends every call once, those too that leave while they are ended', () => {
    const registry = new CallRegistry();
    const calls = [0, 1, 2].map(() => {
      const entered = call(
        '/t.S/M',
        vi.fn(() => registry.leave(entered)),
      );
      registry.enter(entered);
      return entered;
    });
    registry.endAll();

    for (const { endForShutdown } of calls) expect(endForShutdown).toHaveBeenCalledTimes(1);
    expect(registry.size).toBe(0);
  });
});
