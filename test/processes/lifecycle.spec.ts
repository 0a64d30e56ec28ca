import { StatusCode } from 'nestjs-servicer';
import { beforeAll, describe, expect, it } from 'vitest';
import { within } from '../support/deferred.js';
import { item } from '../support/raw-kinds.js';
import { compilePrograms, Program } from './program.js';

beforeAll(compilePrograms);

const RESOURCES = ['root', 'feature', 'global'];
const DESTROYED = ['onModuleDestroy', 'beforeApplicationShutdown', 'onApplicationShutdown'].flatMap((hook) =>
  RESOURCES.map((name) => `${name} ${hook}`),
);
const DRAINED = ['draining', 'held ends', 'closing', 'stream ends', 'terminated'];

describe.each(['microservice', 'hybrid'])('C-9 a %s', (kind) => {
  it.each([
    // Nest runs the hooks and then hands the signal on to the process
    ['SIGTERM', 'SIGTERM', 'enableShutdownHooks()', []],
    ['SIGUSR2', 0, 'app.close()', ['exits 0']],
  ] as const)(
    'on %s ends as %s after %s: calls first, then every provider, each once',
    async (signal, code, _how, last) => {
      const program = new Program('lifecycle', kind);
      const client = await program.connect();
      const stream = client.chat();
      const unary = client.unary({ text: 'held' });
      await program.said(/^held starts$/);
      program.signal(signal);
      await program.said(/^draining$/);
      stream.call.write(item({ text: 'release' }));

      expect(await within(unary.ended, 'the unary call')).toMatchObject({ code: StatusCode.OK });
      stream.call.write(item({ text: 'stop now' }));
      const details = 'Cancelling all calls';
      expect(await within(stream.ended, 'the stream')).toMatchObject({ code: StatusCode.UNAVAILABLE, details });
      expect(await program.end()).toBe(code);
      const { lines } = program;
      expect(lines.slice(lines.indexOf('draining'))).toEqual([...DRAINED, ...DESTROYED, ...last]);
      expect(program.stderr).toBe('');
    },
  );
});
