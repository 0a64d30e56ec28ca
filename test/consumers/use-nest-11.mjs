// Turns a copy of this repository, the current folder, to Nest 11: the oldest major that the framework promises to work with.
import { readFileSync, writeFileSync } from 'node:fs';

/** @type {Readonly<Record<string, string>>} */
const NEST_11 = {
  '@nestjs/common': '11.2.10',
  '@nestjs/core': '11.2.10',
  '@nestjs/microservices': '11.2.6',
  '@nestjs/platform-express': '11.2.10',
  '@nestjs/testing': '11.2.6',
};

/** A tool, not part of an application: the newest works with either. */
const LEFT_ALONE = ['@nestjs/cli'];

for (const file of ['package.json', 'sample-app/package.json']) {
  const manifest = JSON.parse(readFileSync(file, 'utf8'));
  for (const dependencies of [manifest.dependencies ?? {}, manifest.devDependencies ?? {}]) {
    for (const name of Object.keys(dependencies)) {
      if (!name.startsWith('@nestjs/') || LEFT_ALONE.includes(name)) continue;
      const version = NEST_11[name];
      if (version === undefined) throw new Error(`${file}: which version of ${name} goes with Nest 11?`);
      dependencies[name] = version;
    }
  }
  writeFileSync(file, `${JSON.stringify(manifest, null, 2)}\n`);
}

// What is locked would be kept, and would then conflict.
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const isReplaced = (/** @type {string} */ path) => Object.keys(NEST_11).some((name) => path === `node_modules/${name}`);
lock.packages = Object.fromEntries(Object.entries(lock.packages).filter(([path]) => !isReplaced(path)));
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`);
