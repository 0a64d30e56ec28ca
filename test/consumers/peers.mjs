// Prints the framework's peers, each in the version that this repository is tested with: `name@version`, one a line.
import { readFileSync } from 'node:fs';

/** @param {string} file */
const manifest = (file) => JSON.parse(readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8'));

const { devDependencies } = manifest('package.json');
for (const name of Object.keys(manifest('framework/package.json').peerDependencies)) {
  console.log(`${name}@${devDependencies[name]}`);
}
