import { describe, expect, it } from 'vitest';
import { readCommandLine, USAGE } from './command-line.js';

describe('the command line', () => {
  it('A9 has the defaults of the published example', () => {
    expect(readCommandLine([])).toEqual({
      kind: 'serve',
      flags: { port: 50_051, maximumHashes: 1_000_000, maximumConcurrentRpcs: 1 },
    });
  });

  it.each([
    ['--port 0', { port: 0 }],
    ['--port=8080', { port: 8080 }],
    ['--maximum-hashes 1e12', { maximumHashes: 1_000_000_000_000 }],
    ['--maximum-hashes 2.5e3', { maximumHashes: 2500 }],
    ['--maximum-concurrent-rpcs 64', { maximumConcurrentRpcs: 64 }],
    ['--port 1 --port 2', { port: 2 }],
  ])('reads %s', (line, flags) => {
    expect(readCommandLine(line.split(' '))).toMatchObject({ kind: 'serve', flags });
  });

  it.each([
    ['--port 65536', '--port takes a whole number from 0 to 65535, not "65536" (see --help)'],
    ['--port -1', '--port takes a whole number from 0 to 65535, not "-1" (see --help)'],
    ['--port', '--port takes a whole number from 0 to 65535, not nothing (see --help)'],
    ['--port=', '--port takes a whole number from 0 to 65535, not "" (see --help)'],
    ['--port http', '--port takes a whole number from 0 to 65535, not "http" (see --help)'],
    ['--maximum-hashes 0', '--maximum-hashes takes a whole number from 1 to 9007199254740991, not "0" (see --help)'],
    [
      '--maximum-hashes 1.5',
      '--maximum-hashes takes a whole number from 1 to 9007199254740991, not "1.5" (see --help)',
    ],
    [
      '--maximum-hashes 1e99',
      '--maximum-hashes takes a whole number from 1 to 9007199254740991, not "1e99" (see --help)',
    ],
    [
      '--maximum-concurrent-rpcs 65',
      '--maximum-concurrent-rpcs takes a whole number from 1 to 64, not "65" (see --help)',
    ],
    ['--prot 1', 'Unknown flag --prot (see --help)'],
    ['--__proto__ 1', 'Unknown flag --__proto__ (see --help)'],
    ['-p', 'Unknown flag -p (see --help)'],
    ['doctor', 'Unexpected argument "doctor" (see --help)'],
  ])('refuses %s', (line, problem) => {
    expect(readCommandLine(line.split(' '))).toEqual({ kind: 'refuse', problem });
  });

  it('asked for help, names every flag', () => {
    expect(readCommandLine(['--port', '1', '--help'])).toEqual({ kind: 'help' });
    for (const flag of ['--port', '--maximum-hashes', '--maximum-concurrent-rpcs', '--help']) {
      expect(USAGE).toContain(flag);
    }
  });
});
