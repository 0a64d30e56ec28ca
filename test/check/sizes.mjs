// Prints how big the package is, packed as the file that is given. There is no threshold: the numbers are here so that a jump is seen when it happens.
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { publicNames } from './public-names.mjs';
import { ROOT, writtenSources } from './sources.mjs';

const IMPORTS = 5;
const [, , tarball = ''] = process.argv;

/** Time to import the built package in a fresh process, its peers included, in ms. */
function coldImportMs() {
  const script = `
    const started = performance.now();
    await import('nestjs-servicer');
    console.log(performance.now() - started);
  `;
  return Number(execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' }));
}

/** @param {number[]} values */
function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function sourceLines() {
  const files = writtenSources('framework');
  const lines = files.map((file) => readFileSync(join(ROOT, 'framework/src', file), 'utf8').split('\n').length - 1);
  return `${lines.reduce((sum, count) => sum + count, 0)} in ${files.length} files (median ${median(lines)}, longest ${Math.max(...lines)})`;
}

const times = Array.from({ length: IMPORTS }, coldImportMs);
const rows = [
  ['tarball', `${(statSync(tarball).size / 1024).toFixed(1)} KiB`],
  ['source lines', sourceLines()],
  ...[...publicNames()].map(([specifier, names]) => {
    const values = names.filter(({ kind }) => kind === 'value').length;
    return [`public names of ${specifier}`, `${names.length} (${values} values, ${names.length - values} types)`];
  }),
  [
    'cold import',
    `${median(times).toFixed(0)} ms, median of ${IMPORTS} (${Math.min(...times).toFixed(0)} to ${Math.max(...times).toFixed(0)}), Node ${process.version}`,
  ],
];
const width = Math.max(...rows.map(([label = '']) => label.length));
for (const [label = '', value] of rows) console.log(`${label.padEnd(width)}  ${value}`);
