// `npm run check`: everything that can be said about the repository without running it. A step that fails does not keep
// the others from running, so that one run tells all there is to mend. `npm run check -- lint types` runs only those.
import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { pack } from './pack.mjs';
import { ROOT } from './sources.mjs';

process.chdir(ROOT);

/**
 * @typedef {object} Step
 * @property {string} name
 * @property {() => (readonly string[])} command what to run; called when the step begins
 * @property {true} [prints] whether its output is worth reading when all is well
 */

/** @type {readonly Step[]} */
const STEPS = [
  // by path: both compilers want the name `tsc`, and this one is several times faster
  { name: 'types', command: () => ['node', 'node_modules/typescript-7/bin/tsc', '-p', 'test/tsconfig.json'] },
  { name: 'lint', command: () => ['eslint', '--max-warnings', '0', '.'] },
  { name: 'format', command: () => ['prettier', '--check', '--log-level', 'warn', '.'] },
  { name: 'protos', command: () => ['buf', 'lint'] },
  { name: 'unused', command: () => ['knip', '--no-progress'] },
  { name: 'nest', command: () => ['nest', 'build', 'framework', 'sample-app'] },
  { name: 'publint', command: () => ['publint', packed(), '--strict'] },
  { name: 'exports', command: () => ['attw', packed(), '--profile', 'esm-only', '--no-emoji', '--no-color'] },
  { name: 'internals', command: () => ['node', 'test/check/internals.mjs'], prints: true },
  { name: 'sizes', command: () => ['node', 'test/check/sizes.mjs', packed()], prints: true },
];

/** @type {string | undefined} */
let tarball;

/** The tarball, made when the first step asks for it. */
function packed() {
  return (tarball ??= pack());
}

/** @param {Step} step */
function passes({ name, command, prints }) {
  const started = performance.now();
  const { passed, output } = outcome(command);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${passed ? 'ok  ' : 'FAIL'}  ${name.padEnd(9)}  ${seconds} s`);
  if (!passed || prints) console.log(output.trimEnd().replaceAll(/^(?=.)/gm, '      '));
  return passed;
}

/** @param {Step['command']} command */
function outcome(command) {
  try {
    const [program = '', ...args] = command();
    const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', env, maxBuffer: 2 ** 28 });
    return { passed: status === 0, output: [stdout, stderr, error?.message].join('') };
  } catch (error) {
    return { passed: false, output: String(error) };
  }
}

const env = { ...process.env, PATH: [join(ROOT, 'node_modules/.bin'), process.env.PATH].join(delimiter) };
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => STEPS.every((step) => step.name !== name));
if (unknown.length > 0) {
  console.error(`no step is called ${unknown.join(', ')}; there are ${STEPS.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

const results = STEPS.filter(({ name }) => wanted.length === 0 || wanted.includes(name)).map(passes);
const failed = results.filter((passed) => !passed).length;
console.log(`${results.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
