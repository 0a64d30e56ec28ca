import { readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * The files below a folder of the repository, relative to that folder, with forward slashes, in a stable order.
 *
 * @param {string} folder
 * @returns {string[]}
 */
export function filesBelow(folder) {
  const base = join(ROOT, folder);
  return readdirSync(base, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(base, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}

/**
 * The TypeScript below a package's `src` that people wrote and that is shipped: no specs, nothing generated.
 *
 * @param {'framework' | 'sample-app'} name
 */
export function writtenSources(name) {
  return filesBelow(`${name}/src`).filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.spec.ts') && !file.startsWith('gen/'),
  );
}
