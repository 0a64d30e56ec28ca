import { execFileSync } from 'node:child_process';
import { builtinModules } from 'node:module';
import { join, posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesBelow, ROOT } from '../check/sources.mjs';
import { importsOf } from './imports.js';
import { framework, readText } from './repository.js';

/** What `npm publish` would upload. */
const packed = new Set(packedFiles());

/** What the package's `exports` name, per condition; files without code have nothing to reach. */
const targets = Object.values(framework.exports)
  .flatMap((target) => (typeof target === 'string' ? [target] : Object.values(target)))
  .map((target) => posix.normalize(target));
const code = targets.filter((target) => /\.[jt]s$/.test(target));

describe('the packed framework', () => {
  it('has every file that its exports point to', () => {
    expect(targets.filter((target) => !packed.has(target))).toEqual([]);
  });

  it('has every file that those reach', () => {
    expect([...reach(code).files].filter((file) => !packed.has(file))).toEqual([]);
  });

  it('imports nothing that its dependencies do not name', () => {
    const named = { ...framework.dependencies, ...framework.peerDependencies };
    const unnamed = [...reach(code).packages].filter((name) => !(name in named));
    expect(unnamed).toEqual([]);
  });

  it('has the built form of all generated code', () => {
    const built = filesBelow('framework/src/gen').map((file) => `dist/gen/${file.replace(/\.ts$/, '.js')}`);
    expect(built.filter((file) => !packed.has(file))).toEqual([]);
    expect(built).not.toEqual([]);
  });

  it('has the source of everything built, so that a debugger can show it', () => {
    const orphans = [...packed]
      .filter((file) => /^dist\/.*\.js$/.test(file))
      .filter((file) => !packed.has(file.replace(/^dist\/(.*)\.js$/, 'src/$1.ts')));
    expect(orphans).toEqual([]);
  });

  it('has no specs, no tests and no build information', () => {
    expect([...packed].filter((file) => /\.(spec|test|test-d)\.|(^|\/)tests?\/|tsbuildinfo/.test(file))).toEqual([]);
  });

  it('has the licence of the repository', () => {
    expect([...packed]).toContain('LICENSE');
    expect(readText('framework/LICENSE')).toBe(readText('LICENSE'));
  });
});

function packedFiles(): string[] {
  const json = execFileSync('npm', ['pack', '--dry-run', '--json'], {
    cwd: join(ROOT, 'framework'),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [{ files }] = JSON.parse(json) as [{ files: { path: string }[] }];
  return files.map(({ path }) => path);
}

/** Files of the package, and names of other packages, that are loaded with the given files. */
function reach(entries: readonly string[]): { files: ReadonlySet<string>; packages: ReadonlySet<string> } {
  const files = new Set(entries);
  const packages = new Set<string>();
  // a set may grow while it is walked
  for (const file of files) {
    for (const { specifier } of importsOf({ path: file, text: readText(`framework/${file}`) })) {
      if (specifier === undefined || specifier.startsWith('node:') || builtinModules.includes(specifier)) continue;
      if (specifier.startsWith('.')) files.add(fileOf(file, specifier));
      else packages.add(specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/'));
    }
  }
  return { files, packages };
}

/** `./a.js` is `a.js` to a program, `a.d.ts` to a declaration, `a.ts` to a source. */
function fileOf(importer: string, specifier: string): string {
  const extension = /(\.d\.ts|\.ts|\.js)$/.exec(importer)?.[0] ?? '';
  return posix.join(posix.dirname(importer), specifier).replace(/\.js$/, extension);
}
