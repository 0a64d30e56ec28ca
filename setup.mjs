// What `npm start` and `npm test` need before they can run: installs, copies foreign protos, generates, builds.
// Each step is skipped when nothing changed since it last ran, and says what it does when it is not.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));
const bin = join(root, 'node_modules', '.bin');
const only = process.argv[2] === '--only' ? process.argv[3] : undefined;

/** Foreign protos by their canonical import path: read from registry packages, never copied into the repository. */
const FOREIGN_PROTOS = [
  ['grpc/health/v1/health.proto', 'grpc-health-check', 'proto/health/v1/health.proto'],
  ['grpc/reflection/v1/reflection.proto', '@grpc/reflection', 'build/proto/grpc/reflection/v1/reflection.proto'],
  ['grpc/reflection/v1alpha/reflection.proto', '@grpc/reflection', 'build/proto/grpc/reflection/v1alpha/reflection.proto'],
  ['google/rpc/status.proto', 'google-proto-files', 'google/rpc/status.proto'],
  ['google/rpc/code.proto', 'google-proto-files', 'google/rpc/code.proto'],
  ['google/rpc/error_details.proto', 'google-proto-files', 'google/rpc/error_details.proto'],
];

function run(step, command, args) {
  const started = Date.now();
  process.stderr.write(`setup: ${step} …\n`);
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
  const { status, error, signal } = spawnSync(command, args, { cwd: root, env, stdio: ['ignore', 2, 2] });
  if (status !== 0) {
    process.stderr.write(`setup: ${step} failed: ${error?.message ?? signal ?? `exit code ${status}`} (${command} ${args.join(' ')})\n`);
    process.exit(1);
  }
  process.stderr.write(`setup: ${step} done in ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
}

/** Whether `node_modules` was installed from the lock file as it is now. */
function isInstalled() {
  const marker = join(root, 'node_modules', '.package-lock.json');
  return existsSync(marker) && statSync(marker).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs;
}

function packageFile(name, path) {
  const require = createRequire(join(root, 'package.json'));
  for (const folder of require.resolve.paths(name) ?? []) {
    if (existsSync(join(folder, name))) return join(folder, name, path);
  }
  throw new Error(`setup: ${name} is not installed; delete node_modules and run npm ci`);
}

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
    ...filesBelow(join(root, 'framework', 'foreign-protos')),
    ...['buf.yaml', 'framework/buf.gen.yaml', 'sample-app/buf.gen.yaml', 'test/buf.gen.yaml', 'package-lock.json'].map((file) => join(root, file)),
  ];
  for (const file of inputs) hash.update(file.slice(root.length)).update(readFileSync(file));
  return hash.digest('hex');
}

function copyForeignProtos() {
  for (const [target, name, source] of FOREIGN_PROTOS) {
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
  if (outputs.every((folder) => existsSync(folder)) && existsSync(marker) && readFileSync(marker, 'utf8') === fingerprint) return;
  for (const folder of outputs) rmSync(folder, { recursive: true, force: true });
  for (const template of ['framework', 'sample-app', 'test']) run(`generating ${template} code`, 'buf', ['generate', '--template', `${template}/buf.gen.yaml`]);
  writeFileSync(marker, fingerprint);
}

if (only === undefined) {
  if (!isInstalled()) run('installing dependencies', 'npm', ['ci', '--no-audit', '--no-fund']);
  generate();
  const { status } = spawnSync(join(bin, 'tsc'), ['-b'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(1);
} else if (only === 'generate') {
  generate();
} else {
  process.stderr.write(`setup: --only takes "generate", not "${only}"\n`);
  process.exit(2);
}
