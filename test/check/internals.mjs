// Counts what leans on internals of Nest or grpc-js. All of it lives in two files, each entry marked `@quarantine <name>`.
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ROOT, writtenSources } from './sources.mjs';

/** Each entry is one more thing that an update of Nest or grpc-js may break. */
const MAXIMUM = 8;
const QUARANTINE = ['nest-internals.ts', 'grpc-js-internals.ts'];
const MARK = /@quarantine[ \t]*([\w-]*)/g;

const entries = writtenSources('framework').flatMap((file) =>
  [...readFileSync(join(ROOT, 'framework/src', file), 'utf8').matchAll(MARK)].map(([, name = '']) => ({ file, name })),
);

const problems = [
  ...entries
    .filter(({ file }) => !QUARANTINE.includes(basename(file)))
    .map(({ file, name }) => `${name} is marked in ${file}, which is no quarantine file`),
  ...entries.filter(({ name }) => name === '').map(({ file }) => `an entry in ${file} has no name`),
  ...entries
    .filter((entry, index) => entries.findIndex(({ name }) => name === entry.name) < index)
    .map(({ file, name }) => `${name} is marked twice (${file})`),
  ...(entries.length > MAXIMUM ? [`at most ${MAXIMUM} are allowed: use a public interface instead`] : []),
];

console.log(`${entries.length} internals of Nest and grpc-js in use (at most ${MAXIMUM})`);
for (const { file, name } of entries) console.log(`  ${name}  (${file})`);
for (const problem of problems) console.error(`  ${problem}`);
process.exitCode = problems.length === 0 ? 0 : 1;
