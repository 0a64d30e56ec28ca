import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { removeStaleSocket } from './unix-socket.js';

const inUse = Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE' });

async function socketPath(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'servicer-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, 's.sock');
}

/** A socket whose process ended without closing it. */
function leaveBehind(path: string): void {
  const program = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  expect(spawnSync(process.execPath, ['-e', program]).signal).toBe('SIGKILL');
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

describe('a unix socket that is in the way', () => {
  it('is removed when its process is gone', async () => {
    const path = await socketPath();
    leaveBehind(path);
    expect(await exists(path)).toBe(true);

    expect(await removeStaleSocket(path, inUse)).toBe(true);
    expect(await exists(path)).toBe(false);
  });

  it('is left alone while somebody listens on it', async () => {
    const path = await socketPath();
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(path, resolve));
    onTestFinished(() => void server.close());

    expect(await removeStaleSocket(path, inUse)).toBe(false);
    expect(await exists(path)).toBe(true);
  });

  it('is left alone when it is a file of another kind', async () => {
    const path = await socketPath();
    await writeFile(path, 'precious');

    expect(await removeStaleSocket(path, inUse)).toBe(false);
    expect(await exists(path)).toBe(true);
  });

  it('is none when binding failed with something else, or the path is gone', async () => {
    const path = await socketPath();
    leaveBehind(path);

    expect(await removeStaleSocket(path, Object.assign(new Error('no'), { code: 'EACCES' }))).toBe(false);
    expect(await removeStaleSocket(`${path}.other`, inUse)).toBe(false);
    expect(await exists(path)).toBe(true);
  });
});
