import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = 'test/.out/pack';

/**
 * Packs the framework as it would be published. Expects it to be built.
 *
 * @returns {string} the path of the tarball
 */
export function pack() {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  execFileSync('npm', ['pack', './framework', '--pack-destination', FOLDER, '--loglevel', 'error'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return join(FOLDER, ...readdirSync(FOLDER));
}
