import { lstat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';

/**
 * Removes the file of a unix socket that nobody listens on: a process that was killed leaves it behind, and the next one
 * could not bind. Nothing but a socket is ever removed.
 *
 * @param error what binding the path failed with
 * @returns whether it was removed, so that binding again makes sense
 */
export async function removeStaleSocket(path: string, error: unknown): Promise<boolean> {
  if (codeOf(error) !== 'EADDRINUSE') return false;
  const file = await lstat(path).catch(() => undefined);
  if (file?.isSocket() !== true || !(await isRefused(path))) return false;
  await unlink(path);
  return true;
}

/** Whether connections to a path are refused: its listener is gone. */
function isRefused(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', (error) => resolve(codeOf(error) === 'ECONNREFUSED'));
  });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
