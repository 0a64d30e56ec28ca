import { beforeAll, describe, expect, it } from 'vitest';
import { compilePrograms, Program } from './program.js';

beforeAll(compilePrograms);

/** What Node exits with when its program waits for a promise that nothing can settle any more. */
const UNSETTLED = 13;

describe('S2-1 a process in which nothing is left', () => {
  it('stays alive while awaitTermination is pending, and ends with it', async () => {
    const program = new Program('waiting', 'awaitTermination');
    await program.said(/^is alive$/);
    program.signal('SIGUSR2');

    expect(await program.end()).toBe(0);
    expect(program.lines).toEqual(['waits', 'is alive', 'resolves true']);
  });

  it('stays alive until its time is up', async () => {
    const program = new Program('waiting', 'timeout');

    expect(await program.end()).toBe(0);
    expect(program.lines).toEqual(['waits', 'is alive', 'resolves false']);
  });

  it('control: ends in the middle of a wait for a promise alone', async () => {
    const program = new Program('waiting', 'terminated');

    expect(await program.end()).toBe(UNSETTLED);
    expect(program.lines).toEqual(['waits']);
  });
});
