import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { within } from './support/deferred.js';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Set-up is part of it. */
const WATCHDOG_MS = 90_000;

/** Whether anything listens on a port of this machine. */
async function isServed(port: number): Promise<boolean> {
  const socket = connect({ port, host: 'localhost' });
  const [event] = await Promise.race([
    once(socket, 'connect').then(() => ['connect']),
    once(socket, 'error').then(() => ['error']),
  ]).catch(() => ['error']);
  socket.destroy();
  return event === 'connect';
}

describe('npm start', { timeout: 2 * WATCHDOG_MS }, () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'ends on a %s sent to npm itself, and leaves no server behind',
    async (signal) => {
      const npm = spawn('npm', ['start', '--', '--port', '0'], { cwd: root, stdio: ['ignore', 'pipe', 'ignore'] });
      const exited = once(npm, 'exit');
      let output = '';
      const port = new Promise<number>((resolve, reject) => {
        npm.stdout.on('data', (text: Buffer) => {
          output += String(text);
          const found = /^Server listening at 'localhost:(\d+)'$/m.exec(output)?.[1];
          if (found !== undefined) resolve(Number(found));
        });
        npm.once('exit', (code) => reject(new Error(`npm start ended with ${String(code)}: ${output}`)));
      });
      const served = await within(port, 'the server', WATCHDOG_MS);
      expect(await isServed(served)).toBe(true);

      npm.kill(signal);
      // the pipe closes when the last process that holds it has ended
      await within(once(npm.stdout, 'close'), 'the end of every process', WATCHDOG_MS);
      await within(exited, 'the exit of npm', WATCHDOG_MS);
      expect(await isServed(served)).toBe(false);
    },
  );
});
