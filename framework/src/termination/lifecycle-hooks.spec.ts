import { describe, expect, it, vi } from 'vitest';
import { runHooks, type Hook } from './lifecycle-hooks.js';

function logger() {
  return { log: vi.fn(), error: vi.fn(), warn: vi.fn() };
}

describe('hooks', () => {
  it('run side by side, and all are waited for', async () => {
    const order: string[] = [];
    const hook = (owner: string): Hook => ({
      owner,
      run: async () => {
        order.push(`${owner} starts`);
        await Promise.resolve();
        order.push(`${owner} ends`);
      },
    });
    await runHooks([hook('a'), hook('b')], logger());

    expect(order).toEqual(['a starts', 'b starts', 'a ends', 'b ends']);
  });

  it.each<[how: string, run: () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('no registry');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no registry'))],
  ])('one that %s is logged with its owner, and the others run', async (_how, run) => {
    const [log, other] = [logger(), vi.fn()];
    await runHooks(
      [
        { owner: 'Registry.onServerDraining()', run },
        { owner: 'Other', run: other },
      ],
      log,
    );

    expect(other).toHaveBeenCalledTimes(1);
    expect(log.error.mock.calls).toEqual([
      ['Registry.onServerDraining() failed: no registry', expect.stringContaining('lifecycle-hooks.spec')],
    ]);
  });

  it('may throw what is no error', async () => {
    const log = logger();
    // what users' code throws is not ours to choose
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    await runHooks([{ owner: 'Odd', run: () => Promise.reject('a word') }], log);

    expect(log.error).toHaveBeenCalledWith('Odd failed: a word', undefined);
  });
});
