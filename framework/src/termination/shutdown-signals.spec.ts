import { afterEach, describe, expect, it, vi } from 'vitest';
import { SAME_SIGNAL_MS, ShutdownSignals } from './shutdown-signals.js';

/** Signals that end no test run when nobody listens: here they are emitted, not sent. */
const [ONE, OTHER] = ['SIGUSR2', 'SIGWINCH'] as const;

const installed: ShutdownSignals[] = [];

function listening(...names: NodeJS.Signals[]) {
  const [first, again] = [vi.fn(), vi.fn()];
  const clock = { at: 0, now: () => clock.at };
  const signals = new ShutdownSignals(names, first, again, clock);
  installed.push(signals);
  signals.install();
  return { signals, first, again, clock };
}

afterEach(() => {
  for (const signals of installed.splice(0)) signals.remove();
});

describe('shutdown signals', () => {
  it('S2-4 the first asks to stop, every later one to stop now, whichever they are', () => {
    const { first, again, clock } = listening(ONE, OTHER);

    process.emit(OTHER, OTHER);
    expect(first.mock.calls).toEqual([[OTHER]]);
    expect(again).not.toHaveBeenCalled();
    process.emit(ONE, ONE);
    clock.at += SAME_SIGNAL_MS + 1;
    process.emit(OTHER, OTHER);
    expect(first).toHaveBeenCalledTimes(1);
    expect(again.mock.calls).toEqual([[ONE], [OTHER]]);
  });

  it('sent twice by one Ctrl-C, to the process group and by npm, are one', () => {
    const { first, again, clock } = listening(ONE);
    process.emit(ONE, ONE);
    clock.at += SAME_SIGNAL_MS;
    process.emit(ONE, ONE);

    expect(first).toHaveBeenCalledTimes(1);
    expect(again).not.toHaveBeenCalled();
  });

  it('named twice are not their own second signal', () => {
    const { first, again } = listening(ONE, ONE);
    process.emit(ONE, ONE);

    expect(first).toHaveBeenCalledTimes(1);
    expect(again).not.toHaveBeenCalled();
  });

  it('removed are the program’s again', () => {
    const before = process.listenerCount(ONE);
    const { signals, first } = listening(ONE);
    expect(process.listenerCount(ONE)).toBe(before + 1);
    signals.remove();

    expect(process.listenerCount(ONE)).toBe(before);
    process.emit(ONE, ONE);
    expect(first).not.toHaveBeenCalled();
  });

  it('of two servers do not mix', () => {
    const [one, other] = [listening(ONE), listening(OTHER)];
    process.emit(ONE, ONE);

    expect(one.first).toHaveBeenCalledTimes(1);
    expect(other.first).not.toHaveBeenCalled();
  });
});
