import { builtinModules } from 'node:module';
import { posix } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { importsOf, parse, type Source } from './imports.js';
import { framework, sourcesOf } from './repository.js';

/** Which folder of framework/src may import which. Any folder that is not here is a feature. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  status: [],
  schema: ['status'],
  streams: ['status'],
  call: ['status', 'schema', 'streams'],
  decorators: ['status', 'schema', 'streams', 'call'],
  termination: ['status', 'call'],
  server: ['status', 'schema', 'streams', 'call', 'decorators', 'termination'],
  client: ['status', 'schema', 'streams', 'call'],
};

/** A feature may import every layer, never another feature, and nothing imports it. */
const FEATURE = [...Object.keys(LAYERS), 'gen'];

/** The files beside the folders: one entry per subpath export that no folder owns. */
const ENTRIES: Readonly<Record<string, readonly string[]>> = {
  'index.ts': Object.keys(LAYERS),
  'protos.ts': ['gen'],
};

/**
 * Where a package may be imported at run time; `import type` is free. `name` is the package's main entry, `name/*` any
 * other; the longest match counts. A place is a folder, a file, a file's name in any folder, or `features`.
 */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  '@bufbuild/protobuf': ['schema/from-protobuf-es.ts', 'protos.ts', 'features'],
  '@bufbuild/protobuf/*': ['schema/from-protobuf-es.ts', 'protos.ts', 'features'],
  '@grpc/grpc-js': ['server/', 'client/', '*/grpc-js-internals.ts'],
  '@grpc/grpc-js/*': ['*/grpc-js-internals.ts'],
  '@grpc/proto-loader': ['schema/from-proto-files.ts'],
  '@nestjs/common': ['decorators/', 'termination/', 'server/', 'client/nest/', 'features'],
  '@nestjs/common/*': ['*/nest-internals.ts'],
  '@nestjs/core': ['decorators/', 'server/', 'client/nest/', 'features'],
  '@nestjs/core/*': ['*/nest-internals.ts'],
  '@nestjs/microservices': ['decorators/', 'server/'],
  '@nestjs/microservices/*': ['*/nest-internals.ts'],
  // the one class of Nest that a status has to be; its package would load everything else with it
  '@nestjs/microservices/exceptions/rpc-exception.js': ['status/'],
  // what decorators record; its import is an effect, and the application's own import comes first
  'reflect-metadata': ['decorators/'],
  rxjs: ['streams/', 'decorators/', 'server/'],
  'rxjs/*': ['streams/', 'decorators/', 'server/'],
};

/** Entries that only Nest 12 has: not even their types, since they would break on 11. */
const NEST_12_ONLY = /^@nestjs\/[^/]+\/internal(?:$|[./])/;

describe('framework/src', () => {
  const sources = sourcesOf('framework');

  it('imports folders to the left only', () => {
    expect(sources.flatMap(folders)).toEqual([]);
  });

  it('imports each package only where the table says', () => {
    expect(sources.flatMap(packages)).toEqual([]);
  });

  it('exports by name', () => {
    expect(sources.flatMap(exportForms)).toEqual([]);
  });
});

describe('sample-app/src', () => {
  it('imports only public subpaths of the framework', () => {
    expect(sourcesOf('sample-app').flatMap(sampleImports)).toEqual([]);
  });
});

describe('the rules', () => {
  it.each<[offence: string, rule: Rule, path: string, text: string, report: string]>([
    [
      'a layer to the right',
      folders,
      'call/a.ts',
      `import type { A } from '../server/a.js'`,
      'call may not import server',
    ],
    [
      'a layer beside it',
      folders,
      'schema/a.ts',
      `export { a } from '../streams/a.js'`,
      'schema may not import streams',
    ],
    ['the other side', folders, 'client/a.ts', `import { a } from '../server/a.js'`, 'client may not import server'],
    ['another feature', folders, 'health/a.ts', `import '../testing/a.js'`, 'health may not import testing'],
    ['a feature, lazily', folders, 'server/a.ts', `await import('../health/a.js')`, 'server may not import health'],
    ['generated code', folders, 'call/a.ts', `import { a } from '../gen/a_pb.js'`, 'call may not import gen'],
    [
      'a feature, at the root',
      folders,
      'index.ts',
      `export { a } from './testing/a.js'`,
      'index.ts may not import testing',
    ],
    ['the root index', folders, 'testing/a.ts', `import { a } from '../index.js'`, 'testing may not import index.ts'],
    ['a type in place', folders, 'status/a.ts', `type A = import('../call/a.js').A`, 'status may not import call'],
    [
      'another package',
      folders,
      'server/a.ts',
      `import '../../../test/a.js'`,
      'nothing may import from outside framework/src',
    ],
    ['a file of no folder', folders, 'stray.ts', ``, 'stray.ts belongs to no folder'],
    ['a package elsewhere', packages, 'call/a.ts', `import { A } from '@grpc/grpc-js'`, 'only in server/, client/'],
    ['a deep path', packages, 'server/a.ts', `import '@grpc/grpc-js/build/src/a.js'`, 'only in */grpc-js-internals.ts'],
    [
      'all of Nest',
      packages,
      'status/a.ts',
      `export { A } from '@nestjs/microservices'`,
      'only in decorators/, server/',
    ],
    ['a subpath', packages, 'schema/a.ts', `import '@bufbuild/protobuf/wkt'`, 'only in schema/from-protobuf-es.ts'],
    [
      'a lazy package',
      packages,
      'server/a.ts',
      `await import('@grpc/proto-loader')`,
      'only in schema/from-proto-files.ts',
    ],
    ['a required package', packages, 'call/a.ts', `require('rxjs')`, 'only in streams/, decorators/, server/'],
    ['an unknown package', packages, 'health/a.ts', `import express from 'express'`, 'no rule names this package'],
    ['a computed name', packages, 'server/a.ts', `await import(name)`, 'nobody can tell what it imports'],
    [
      'what Nest 11 lacks',
      packages,
      'server/nest-internals.ts',
      `import type { A } from '@nestjs/core/internal'`,
      'Nest 11',
    ],
    ['every name', exportForms, 'server/a.ts', `export * from './b.js'`, 'export *'],
    ['a namespace', exportForms, 'server/a.ts', `export * as b from './b.js'`, 'export *'],
    ['a default class', exportForms, 'server/a.ts', `export default class A {}`, 'default export'],
    ['a default value', exportForms, 'server/a.ts', `export default 1`, 'default export'],
    ['a default name', exportForms, 'server/a.ts', `export { a as default }`, 'default export'],
    ['a hidden file', sampleImports, 'a.ts', `import 'nestjs-servicer/dist/a.js'`, 'not a public subpath'],
    ['our sources', sampleImports, 'a/b.ts', `import '../../../framework/src/index.js'`, 'outside sample-app/src'],
  ])('report %s', (_offence, rule, path, text, report) => {
    expect(rule({ path, text })).toEqual([expect.stringContaining(report)]);
  });

  it.each<[path: string, text: string]>([
    ['status/a.ts', `import { RpcException } from '@nestjs/microservices/exceptions/rpc-exception.js'`],
    ['status/b.ts', `import type { Metadata } from '@grpc/grpc-js'; import { join } from 'node:path'`],
    ['schema/a.ts', `import { type Observable } from 'rxjs'; import { a } from './b.js'`],
    ['server/a.ts', `import { Server } from '@grpc/grpc-js'; import { a } from '../call/a.js'`],
    ['server/nest-internals.ts', `import { a } from '@nestjs/core/injector/a.js'`],
    ['health/a.ts', `import { create } from '@bufbuild/protobuf'; import { a } from '../gen/a_pb.js'`],
    ['health/deep/a.ts', `import { a } from '../b.js'; import { c } from '../../status/c.js'`],
    ['index.ts', `export { a } from './server/a.js'; export type { B } from './call/b.js'`],
  ])('let %s be: %s', (path, text) => {
    expect([folders, packages, exportForms].flatMap((rule) => rule({ path, text }))).toEqual([]);
  });
});

/** What a source does wrong, one sentence each, with file and import. */
type Rule = (source: Source) => string[];

function folders(source: Source): string[] {
  const from = ownerOf(source.path);
  const allowed = allowedFrom(from);
  if (allowed === undefined) return [`${source.path} belongs to no folder: move it, or name it in ENTRIES`];
  return relativeImports(source).flatMap(({ specifier, target }) => {
    const to = ownerOf(target);
    if (to === from || allowed.includes(to)) return [];
    const rule = to === '..' ? 'nothing may import from outside framework/src' : `${from} may not import ${to}`;
    return [`${source.path} imports '${specifier}': ${rule}`];
  });
}

function packages(source: Source): string[] {
  return importsOf(source).flatMap(({ specifier, typeOnly }) => {
    const rule = specifier === undefined ? 'nobody can tell what it imports' : packageRule(source, specifier, typeOnly);
    return rule === undefined ? [] : [`${source.path} imports '${specifier ?? 'a computed name'}': ${rule}`];
  });
}

function packageRule({ path }: Source, specifier: string, typeOnly: boolean): string | undefined {
  if (NEST_12_ONLY.test(specifier)) return 'Nest 11 has no such entry';
  if (typeOnly || specifier.startsWith('.') || isBuiltin(specifier)) return undefined;
  const places = placesOf(specifier);
  if (places === undefined) return 'no rule names this package';
  return places.some((place) => isAt(path, place)) ? undefined : `only in ${places.join(', ')}`;
}

function exportForms({ path, text }: Source): string[] {
  return parse(path, text).statements.flatMap((statement) => {
    const form = forbiddenForm(statement);
    return form === undefined ? [] : [`${path} has ${form}: export by name`];
  });
}

function sampleImports(source: Source): string[] {
  const escapes = relativeImports(source)
    .filter(({ target }) => target.startsWith('..'))
    .map(({ specifier }) => `sample-app/src/${source.path} imports '${specifier}': outside sample-app/src`);
  const hidden = importsOf(source)
    .map(({ specifier }) => specifier ?? '')
    .filter((specifier) => specifier === framework.name || specifier.startsWith(`${framework.name}/`))
    .filter((specifier) => !(`.${specifier.slice(framework.name.length)}` in framework.exports))
    .map((specifier) => `sample-app/src/${source.path} imports '${specifier}': not a public subpath`);
  return [...escapes, ...hidden];
}

/** The folder of framework/src that a file is in; the file itself when it is in none. */
function ownerOf(path: string): string {
  return path.split('/', 1)[0] ?? path;
}

function allowedFrom(owner: string): readonly string[] | undefined {
  return owner.endsWith('.ts') ? ENTRIES[owner] : (LAYERS[owner] ?? FEATURE);
}

function relativeImports(source: Source): { specifier: string; target: string }[] {
  return importsOf(source).flatMap(({ specifier }) => {
    if (specifier?.startsWith('.') !== true) return [];
    return [{ specifier, target: posix.join(posix.dirname(source.path), specifier).replace(/\.js$/, '.ts') }];
  });
}

function isBuiltin(specifier: string): boolean {
  return specifier.startsWith('node:') || builtinModules.includes(specifier);
}

function placesOf(specifier: string): readonly string[] | undefined {
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  return PACKAGES[specifier] ?? (specifier === name ? undefined : PACKAGES[`${name}/*`]);
}

function isAt(path: string, place: string): boolean {
  if (place === 'features') return path.includes('/') && !(ownerOf(path) in LAYERS);
  if (place.startsWith('*/')) return posix.basename(path) === place.slice(2);
  return place.endsWith('/') ? path.startsWith(place) : path === place;
}

function forbiddenForm(statement: ts.Statement): string | undefined {
  if (ts.isExportDeclaration(statement)) {
    const clause = statement.exportClause;
    if (clause === undefined || ts.isNamespaceExport(clause)) return '`export *`';
    return clause.elements.some((element) => element.name.text === 'default') ? 'a default export' : undefined;
  }
  const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : [];
  const isDefault = modifiers.some((modifier) => modifier.kind === ts.SyntaxKind.DefaultKeyword);
  return isDefault || ts.isExportAssignment(statement) ? 'a default export' : undefined;
}
