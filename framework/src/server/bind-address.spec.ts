import { describe, expect, it } from 'vitest';
import { UsageError } from '../status/usage-error.js';
import { bindAddress } from './bind-address.js';
import type { BindTarget } from './listen-address.js';
import type { Listener } from './listener.js';

/** What each host answers a bind with, bind after bind; the last answer stays. */
type Answers = Readonly<Record<string, readonly (number | string)[]>>;

const TAKEN = 'EADDRINUSE';

/** A machine whose addresses answer as told, and what was asked of it. */
class FakeMachine {
  readonly bound: string[] = [];
  closed = 0;
  readonly #asked = new Map<string, number>();

  constructor(private readonly answers: Answers) {}

  readonly createListener = (): Listener => {
    const listener: Pick<Listener, 'bind' | 'close'> = {
      bind: async (target) => this.#bind(target),
      close: async () => void (this.closed += 1),
    };
    return listener as Listener;
  };

  #bind(target: BindTarget): number {
    const host = 'path' in target ? target.path : target.host;
    const wanted = 'path' in target ? 0 : target.port;
    this.bound.push(`${host}:${wanted}`);
    const times = this.#asked.get(host) ?? 0;
    this.#asked.set(host, times + 1);
    const answers = this.answers[host] ?? [wanted];
    const answer = answers[Math.min(times, answers.length - 1)] ?? wanted;
    if (typeof answer === 'string') throw Object.assign(new Error(`listen ${answer} ${host}`), { code: answer });
    return wanted === 0 ? answer : wanted;
  }
}

const LOCALHOST: readonly BindTarget[] = [
  { host: '127.0.0.1', port: 0 },
  { host: '::1', port: 0 },
];

function bind(machine: FakeMachine, targets = LOCALHOST) {
  return bindAddress('localhost:0', targets, machine.createListener);
}

describe('an address', () => {
  it('with port 0 gets one port for everything it resolves to', async () => {
    const machine = new FakeMachine({ '127.0.0.1': [5_001] });
    const { port, endpoints, failures } = await bind(machine);

    expect({ port, endpoints, failures }).toEqual({
      port: 5_001,
      endpoints: ['ipv4:127.0.0.1:5001', 'ipv6:[::1]:5001'],
      failures: [],
    });
    expect(machine.bound).toEqual(['127.0.0.1:0', '::1:5001']);
  });

  it('with port 0 tries another one when it is taken on one of them', async () => {
    const machine = new FakeMachine({ '127.0.0.1': [5_001, 5_002], '::1': [TAKEN, 0] });
    const { port, failures } = await bind(machine);

    expect({ port, failures }).toEqual({ port: 5_002, failures: [] });
    expect(machine.bound).toEqual(['127.0.0.1:0', '::1:5001', '127.0.0.1:0', '::1:5002']);
    expect(machine.closed).toBe(1);
  });

  it('with port 0 takes what it gets after five attempts', async () => {
    const machine = new FakeMachine({ '127.0.0.1': [5_001], '::1': [TAKEN] });
    const { endpoints, failures } = await bind(machine);

    expect(endpoints).toEqual(['ipv4:127.0.0.1:5001']);
    expect(failures).toEqual([expect.objectContaining({ code: TAKEN })]);
    expect(machine.bound).toHaveLength(10);
    expect(machine.closed).toBe(4);
  });

  it.each<[what: string, targets: readonly BindTarget[], first: string]>([
    ['that the machine does not have', LOCALHOST, 'EADDRNOTAVAIL'],
    ['that is taken', LOCALHOST.map((target) => ({ ...target, port: 7 })), TAKEN],
  ])('makes do without one of them %s', async (_what, targets, reason) => {
    const machine = new FakeMachine({ '127.0.0.1': [reason] });
    const { endpoints, failures } = await bind(machine, targets);

    expect(endpoints).toEqual([expect.stringContaining('ipv6:[::1]:')]);
    expect(failures).toHaveLength(1);
    expect(machine.bound).toHaveLength(2);
  });

  it('of which nothing can be bound is an error with every reason', async () => {
    const machine = new FakeMachine({ '127.0.0.1': [TAKEN], '::1': ['EADDRNOTAVAIL'] });
    const bound = bind(machine);

    await expect(bound).rejects.toThrow(UsageError);
    await expect(bound).rejects.toThrow(
      'Cannot listen on "localhost:0": listen EADDRINUSE 127.0.0.1; listen EADDRNOTAVAIL ::1',
    );
  });
});
