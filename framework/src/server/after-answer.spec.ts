import { describe, expect, it } from 'vitest';
import { afterAnswer, type Answering } from './after-answer.js';

/** A session whose peer answers when the test says so. */
class Session implements Answering {
  destroyed = false;
  closing = false;
  readonly pings: (() => void)[] = [];

  ping(answered: () => void): boolean {
    // Node's own calls back all the same, later
    this.pings.push(answered);
    return !this.closing;
  }
}

describe('afterAnswer', () => {
  it('waits for the answer to a ping that was sent after it was asked', () => {
    const session = new Session();
    const done: string[] = [];
    afterAnswer(session, () => done.push('a'));
    afterAnswer(session, () => done.push('b'));
    afterAnswer(session, () => done.push('c'));
    expect(session.pings).toHaveLength(1);

    session.pings[0]!();
    expect(done).toEqual(['a']);
    // those who came meanwhile share the next one
    expect(session.pings).toHaveLength(2);
    session.pings[1]!();
    expect(done).toEqual(['a', 'b', 'c']);

    afterAnswer(session, () => done.push('d'));
    session.pings[2]!();
    expect(done).toEqual(['a', 'b', 'c', 'd']);
    expect(session.pings).toHaveLength(3);
  });

  it.each([
    ['closes', { closing: true, destroyed: false }],
    ['has gone', { closing: false, destroyed: true }],
  ])('does not wait, and runs it once, where the connection %s', (_how, state) => {
    const session = Object.assign(new Session(), state);
    let runs = 0;
    afterAnswer(session, () => (runs += 1));
    for (const late of session.pings) late();
    expect(runs).toBe(1);
  });
});
