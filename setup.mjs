// What `npm start` and `npm test` need before they can run: installs, copies foreign protos, generates, builds.
// Each step is skipped when nothing changed since it last ran, and says what it does when it is not.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));
const bin = join(root, 'node_modules', '.bin');
const only = process.argv[2] === '--only' ? process.argv[3] : undefined;

/** Foreign protos by their canonical import path: read from registry packages, never copied into the repository. */
const FOREIGN_PROTOS = [
  { target: 'grpc/health/v1/health.proto', name: 'grpc-health-check', source: 'proto/health/v1/health.proto' },
  {
    target: 'grpc/reflection/v1/reflection.proto',
    name: '@grpc/reflection',
    source: 'build/proto/grpc/reflection/v1/reflection.proto',
  },
  {
    target: 'grpc/reflection/v1alpha/reflection.proto',
    name: '@grpc/reflection',
    source: 'build/proto/grpc/reflection/v1alpha/reflection.proto',
  },
  { target: 'google/rpc/status.proto', name: 'google-proto-files', source: 'google/rpc/status.proto' },
  { target: 'google/rpc/code.proto', name: 'google-proto-files', source: 'google/rpc/code.proto' },
  { target: 'google/rpc/error_details.proto', name: 'google-proto-files', source: 'google/rpc/error_details.proto' },
];

/** Beside the protos, what decides on generated code; the lock file stands for the generators' versions. */
const GENERATOR_INPUTS = [
  'buf.yaml',
  'framework/buf.gen.yaml',
  'sample-app/buf.gen.yaml',
  'test/buf.gen.yaml',
  'package-lock.json',
];

/**
 * @param {string} step what is being done, for the reader
 * @param {string} command
 * @param {string[]} args
 */
function run(step, command, args) {
  const started = Date.now();
  process.stderr.write(`setup: ${step} …\n`);
  const env = { ...process.env, PATH: [bin, process.env.PATH].join(delimiter) };
  const { status, error, signal } = spawnSync(command, args, { cwd: root, env, stdio: ['ignore', 2, 2] });
  if (status !== 0) {
    const reason = error?.message ?? signal ?? `exit code ${status}`;
    process.stderr.write(`setup: ${step} failed: ${reason} (${command} ${args.join(' ')})\n`);
    process.exit(1);
  }
  process.stderr.write(`setup: ${step} done in ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
}

/** Whether `node_modules` was installed from the lock file as it is now. */
function isInstalled() {
  const marker = join(root, 'node_modules', '.package-lock.json');
  return existsSync(marker) && statSync(marker).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs;
}

function install() {
  // errors only: tools of ours name a newer Node than they need, and warn about it at length
  run('installing dependencies', 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel', 'error']);
}

/**
 * @param {string} name of an installed package
 * @param {string} path inside it
 */
function packageFile(name, path) {
  const require = createRequire(join(root, 'package.json'));
  for (const folder of require.resolve.paths(name) ?? []) {
    if (existsSync(join(folder, name))) return join(folder, name, path);
  }
  throw new Error(`setup: ${name} is not installed; delete node_modules and run npm ci`);
}

/** @param {string} folder */
function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** One hash over everything that generated code depends on. */
function protoFingerprint() {
  const hash = createHash('sha256');
  const inputs = [
    ...filesBelow(join(root, 'protos')),
    ...filesBelow(join(root, 'test', 'protos')),
    ...filesBelow(join(root, 'framework', 'foreign-protos')),
    ...GENERATOR_INPUTS.map((file) => join(root, file)),
  ];
  for (const file of inputs) hash.update(file.slice(root.length)).update(readFileSync(file));
  return hash.digest('hex');
}

function copyForeignProtos() {
  for (const { target, name, source } of FOREIGN_PROTOS) {
    const file = join(root, 'framework', 'foreign-protos', target);
    if (existsSync(file)) continue;
    mkdirSync(dirname(file), { recursive: true });
    cpSync(packageFile(name, source), file);
  }
}

function generate() {
  copyForeignProtos();
  const marker = join(root, 'node_modules', '.servicer-generated');
  const outputs = ['framework/src/gen', 'sample-app/src/gen', 'test/gen'].map((folder) => join(root, folder));
  const fingerprint = protoFingerprint();
  const complete = [...outputs, marker].every((path) => existsSync(path));
  if (complete && readFileSync(marker, 'utf8') === fingerprint) return;
  for (const folder of outputs) rmSync(folder, { recursive: true, force: true });
  for (const folder of ['framework', 'sample-app', 'test']) {
    run(`generating ${folder} code`, 'buf', ['generate', '--template', `${folder}/buf.gen.yaml`]);
  }
  writeFileSync(marker, fingerprint);
}

/** The compiler never takes back what it wrote for a source that is gone; packed or imported, it would hide the loss. */
function prune() {
  for (const name of ['framework', 'sample-app']) {
    const dist = join(root, name, 'dist');
    if (!existsSync(dist)) continue;
    for (const file of filesBelow(dist)) {
      const source = join(root, name, 'src', relative(dist, file).replace(/(?:\.d\.ts|\.js)(?:\.map)?$/, '.ts'));
      if (source.endsWith('.ts') && !existsSync(source)) rmSync(file);
    }
  }
}

function build() {
  prune();
  // quiet when nothing changed, so it is run without a heading
  const { status } = spawnSync(join(bin, 'tsc'), ['-b'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) {
    process.stderr.write('setup: building failed; the errors are above\n');
    process.exit(1);
  }
}

if (only === undefined) {
  if (!isInstalled()) install();
  generate();
  build();
} else if (only === 'generate') {
  generate();
} else {
  process.stderr.write(`setup: --only takes "generate", not "${only}"\n`);
  process.exit(2);
}
