import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UsageError } from '../status/usage-error.js';
import { loadSchemas } from './from-proto-files.js';
import { importPeer } from './optional-peer.js';
import { schemaOf } from './schema-of.js';

let folder: string;
const inFolder = (path: string): string => join(folder, path);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'servicer-'));
  const files = {
    'app/shapes.proto': `syntax = "proto3"; package app;
      import "common/color.proto"; // import "not/there.proto";
      import public "google/protobuf/empty.proto";
      service Shapes { rpc Get(google.protobuf.Empty) returns (Shape); }
      message Shape {
        int64 id_number = 1; common.Color color = 2; bytes raw = 3; Shape inner = 4; repeated string tags = 5;
        oneof size { int32 width = 6; string name = 7; }
      }`,
    'lib/common/color.proto':
      'syntax = "proto3"; package common; enum Color { RED = 0; BLUE = 1; } service Colors { rpc Mix(Nothing) returns (Nothing); } message Nothing {}',
    'app/broken.proto': 'syntax = "proto3"; message {',
    'app/nothing.proto': 'syntax = "proto3"; package app;',
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(inFolder(path)), { recursive: true });
    await writeFile(inFolder(path), text);
  }
});

afterAll(() => rm(folder, { recursive: true }));

describe('loadSchemas', () => {
  const load = (path: string | URL): ReturnType<typeof loadSchemas> =>
    loadSchemas(path, { includeDirs: [inFolder('lib')] });

  it('gives every service by its full name, those of imported files too', async () => {
    const services = await load(inFolder('app/shapes.proto'));
    expect(Object.keys(services).sort()).toEqual(['app.Shapes', 'common.Colors']);
    expect(schemaOf(services['app.Shapes']!).methods.map(({ path }) => path)).toEqual(['/app.Shapes/Get']);
  });

  it('converts messages so that nothing is lost', async () => {
    const { 'app.Shapes': shapes } = await load(inFolder('app/shapes.proto'));
    const { response } = schemaOf(shapes!).methods[0]!;
    const sent = { idNumber: '9007199254740993', color: 'BLUE', raw: Buffer.from([1]), tags: ['a'], width: 0 };
    expect(response.decode(response.encode(sent))).toEqual({ ...sent, inner: null, size: 'width' });
    expect(response.decode(response.encode({ color: 1, idNumber: 7 }))).toEqual({
      idNumber: '7',
      color: 'BLUE',
      raw: Buffer.alloc(0),
      inner: null,
      tags: [],
    });
  });

  it('finds the file relative to the current folder, in an include folder, and by URL', async () => {
    const names = async (path: string | URL, includeDirs: string[]): Promise<string[]> =>
      Object.keys(await loadSchemas(path, { includeDirs }));
    expect(await names(relative(process.cwd(), inFolder('lib/common/color.proto')), [])).toEqual(['common.Colors']);
    expect(await names('common/color.proto', [inFolder('app'), inFolder('lib')])).toEqual(['common.Colors']);
    expect(await names(pathToFileURL(inFolder('lib/common/color.proto')), [])).toEqual(['common.Colors']);
  });

  it('gives nothing for a file without services', async () => {
    expect(await load(inFolder('app/nothing.proto'))).toEqual({});
  });

  it('names a missing file and the folders it was looked for in', async () => {
    await expect(load('no/such.proto')).rejects.toThrow(
      new UsageError(
        `"no/such.proto" was not found: looked for ${join(process.cwd(), 'no/such.proto')}, ${inFolder('lib/no/such.proto')}`,
      ),
    );
  });

  it('names a missing import, who imports it, and the include folders', async () => {
    await expect(loadSchemas(inFolder('app/shapes.proto'))).rejects.toThrow(
      new UsageError(
        `"${inFolder('app/shapes.proto')}" imports "common/color.proto", which is in none of ${inFolder('app')}; name its folder in includeDirs`,
      ),
    );
  });

  it('names a file that is not valid', async () => {
    const refused = load(inFolder('app/broken.proto'));
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow(`"${inFolder('app/broken.proto')}" cannot be loaded: illegal`);
  });

  it.each([
    ['an unknown type', 'message A {} service S { rpc X(A) returns (B); }', 'no such type: B'],
    ['a misspelt scalar', 'message A { strin x = 1; }', "no such Type or Enum 'strin' in Type .A"],
  ])('names a file with %s', async (_what, text, why) => {
    const file = inFolder('unresolved.proto');
    await writeFile(file, `syntax = "proto3"; ${text}`);
    await expect(loadSchemas(file)).rejects.toThrow(new UsageError(`"${file}" cannot be loaded: ${why}`));
  });

  it('refuses an option that it does not have', async () => {
    // @ts-expect-error it has no such option
    await expect(loadSchemas('a.proto', { includeDir: [] })).rejects.toThrow(
      'loadSchemas has no option "includeDir". Did you mean "includeDirs"?',
    );
  });
});

describe('importPeer', () => {
  const absent = 'a-package-that-is-not-installed';

  it('says how to install what is missing', async () => {
    const missing = importPeer(
      absent,
      'Loading a .proto file',
      () => import(/* @vite-ignore */ absent) as Promise<unknown>,
    );
    await expect(missing).rejects.toThrow(
      new UsageError(
        `Loading a .proto file needs the package ${absent}, which is not installed: npm install ${absent}`,
      ),
    );
  });

  it('leaves every other failure as it is', async () => {
    const failure = Object.assign(new Error("Cannot find package 'of-its-own'"), { code: 'ERR_MODULE_NOT_FOUND' });
    await expect(importPeer(absent, 'Loading a .proto file', () => Promise.reject(failure))).rejects.toBe(failure);
  });
});
