// The compile errors that users of the decorators see. Their wording around ours differs between compilers, so this holds
// for TypeScript 6 only; that they are errors at all is what the type tests here say, for any version.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';

const HERE = dirname(fileURLToPath(import.meta.url));
const MAX_LINES = 6;

const IMPORTS = `
import { BidiStream, ClientStream, ServerStream, Servicer, StreamContext, Unary } from 'nestjs-servicer';
import { Kinds, Odd, type Item } from '../gen/kinds_pb.js';
import { KindsService, type Item as TsItem } from '../gen/ts-proto/kinds.js';
`;

/** Every mistake by name; all are compiled as one program. */
const MISTAKES = {
  missing: `
    @Servicer(Kinds) export class Finder {
      unary() { return {}; }
      async *serve() {}
      collect() { return {}; }
    }`,
  severalMissing: `@Servicer(KindsService) export class Finder { async *serve() {} }`,
  takenName: `@Servicer(Odd) export class Finder {
      then() { return {}; }
      constructor$() { return {}; }
      onModuleInit$() { return {}; }
      toString$() { return {}; }
      name() { return {}; }
    }`,
  unknownField: `@Servicer(Kinds, { partial: true }) export class Finder { unary(r: Item) { return { text: r.text, extra: 1 }; } }`,
  wrongField: `@Servicer(Kinds, { partial: true }) export class Finder { async *serve() { yield { big: 5 }; } }`,
  noStream: `@Servicer(Kinds, { partial: true }) export class Finder { async chat() { return { text: '' }; } }`,
  twoMistakes: `@Servicer(Kinds, { partial: true }) export class Finder { async *collect(r: Item) { yield r; } }`,
  noService: `@Servicer(Date) export class Finder {}`,
  atMethodRequest: `export class Finder { @Unary(Kinds.method.unary) unary(_: { other: string }) { return {}; } }`,
  atMethodReply: `export class Finder { @ServerStream(KindsService.serve) async *serve(r: TsItem) { yield { ...r, count: '' }; } }`,
  atMethodWhole: `export class Finder { @ClientStream(KindsService.collect) collect() { return { text: '' }; } }`,
  atMethodContext: `export class Finder { @Unary(Kinds.method.unary) unary(_: StreamContext<Item, Item>) { return {}; } }`,
  wrongDecorator: `export class Finder { @BidiStream(Kinds.method.serve) async *serve() {} }`,
  misspeltRpc: `export class Finder { @Unary(Kinds.method.unray) unary() { return {}; } }`,
} as const;

type Mistake = keyof typeof MISTAKES;

describe('the compile error', () => {
  let messages: ReadonlyMap<string, readonly string[]>;
  const messageFor = (mistake: Mistake): string => messages.get(mistake)!.join('\n---\n');

  beforeAll(() => {
    messages = compile(MISTAKES);
  });

  it('is one for each mistake, in a few lines', () => {
    for (const [mistake, [message = '', ...others]] of messages) {
      expect(others, mistake).toEqual([]);
      expect(message.split('\n').length, mistake).toBeLessThanOrEqual(MAX_LINES);
    }
    expect([...messages.keys()]).toEqual(Object.keys(MISTAKES));
  });

  it.each(Object.keys(MISTAKES).filter((mistake) => !['noService', 'misspeltRpc'].includes(mistake)))(
    'names the method and the rpc: %s',
    (mistake) => {
      expect(messageFor(mistake as Mistake)).toMatch(/method '\w+\$?' \(rpc [A-Z]\w+\) /);
    },
  );

  it('of a missing method', () =>
    expect(messageFor('missing')).toMatchInlineSnapshot(`
    "Unable to resolve signature of class decorator when called as an expression.
      Argument of type 'typeof Finder' is not assignable to parameter of type '"method 'chat' (rpc Chat) is missing, or not public"'."
  `));
  it('of several missing methods', () =>
    expect(messageFor('severalMissing')).toMatchInlineSnapshot(`
    "Unable to resolve signature of class decorator when called as an expression.
      Argument of type 'typeof Finder' is not assignable to parameter of type '"method 'unary' (rpc Unary) is missing, or not public" | "method 'collect' (rpc Collect) is missing, or not public" | "method 'chat' (rpc Chat) is missing, or not public"'."
  `));
  it('of a name that is taken', () =>
    expect(messageFor('takenName')).toMatchInlineSnapshot(`
    "Unable to resolve signature of class decorator when called as an expression.
      Argument of type 'typeof Finder' is not assignable to parameter of type '"method 'then$' (rpc Then) is missing, or not public"'."
  `));
  it('of a field that the reply does not have', () =>
    expect(messageFor('unknownField')).toMatchInlineSnapshot(`
    "Unable to resolve signature of class decorator when called as an expression.
      Argument of type 'typeof Finder' is not assignable to parameter of type '"method 'unary' (rpc Unary) returns 'extra', which its reply does not have"'."
  `));
  it('of a field of the wrong type', () =>
    expect(messageFor('wrongField')).toMatchInlineSnapshot(`
    "Unable to resolve signature of class decorator when called as an expression.
      Argument of type 'typeof Finder' is not assignable to parameter of type '"method 'serve' (rpc Serve) returns 'big' of the wrong type"'."
  `));
  it('of one reply where a stream goes', () =>
    expect(messageFor('noStream')).toMatchInlineSnapshot(`
    "Unable to resolve signature of class decorator when called as an expression.
      Argument of type 'typeof Finder' is not assignable to parameter of type '"method 'chat' (rpc Chat) must answer a stream of replies: an async generator, AsyncIterable or Observable"'."
  `));
  it('of two mistakes in one method', () =>
    expect(messageFor('twoMistakes')).toMatchInlineSnapshot(`
    "Unable to resolve signature of class decorator when called as an expression.
      Argument of type 'typeof Finder' is not assignable to parameter of type '"method 'collect' (rpc Collect) must take the requests as its first parameter: an AsyncIterable, Observable or StreamContext" | "method 'collect' (rpc Collect) must answer one reply, not a stream"'."
  `));
  it('of something that is no service', () =>
    expect(messageFor('noService')).toMatchInlineSnapshot(`
    "Argument of type 'DateConstructor' is not assignable to parameter of type 'SchemaSource'.
      Type 'DateConstructor' is not assignable to type 'Readonly<Record<string, GrpcJsMethod>>'.
        Index signature for type 'string' is missing in type 'DateConstructor'."
  `));
  it('of a wrong request', () =>
    expect(messageFor('atMethodRequest')).toMatchInlineSnapshot(`
    "Unable to resolve signature of method decorator when called as an expression.
      Argument of type 'TypedPropertyDescriptor<(_: { other: string; }) => {}>' is not assignable to parameter of type '"method 'unary' (rpc Unary) must take the request as its first parameter"'."
  `));
  it('of a wrong reply', () =>
    expect(messageFor('atMethodReply')).toMatchInlineSnapshot(`
    "Unable to resolve signature of method decorator when called as an expression.
      Argument of type 'TypedPropertyDescriptor<(r: Item) => AsyncGenerator<{ count: string; text: string; blob: Buffer<ArrayBufferLike>; big: number; }, void, unknown>>' is not assignable to parameter of type '"method 'serve' (rpc Serve) returns 'count' of the wrong type"'."
  `));
  it('of a reply that lacks a field', () =>
    expect(messageFor('atMethodWhole')).toMatchInlineSnapshot(`
    "Unable to resolve signature of method decorator when called as an expression.
      Argument of type 'TypedPropertyDescriptor<() => { text: string; }>' is not assignable to parameter of type '"method 'collect' (rpc Collect) must answer a whole reply: a field is missing"'."
  `));
  it('of a StreamContext on a unary rpc', () =>
    expect(messageFor('atMethodContext')).toMatchInlineSnapshot(`
    "Unable to resolve signature of method decorator when called as an expression.
      Argument of type 'TypedPropertyDescriptor<(_: StreamContext<Item, Item>) => {}>' is not assignable to parameter of type '"method 'unary' (rpc Unary) takes a StreamContext, which a unary rpc does not have"'."
  `));
  it('of a decorator of another kind', () =>
    expect(messageFor('wrongDecorator')).toMatchInlineSnapshot(`
    "Unable to resolve signature of method decorator when called as an expression.
      Argument of type 'TypedPropertyDescriptor<() => AsyncGenerator<never, void, unknown>>' is not assignable to parameter of type '"method 'serve' (rpc Serve) is server-streaming: use @ServerStream instead of @BidiStream"'."
  `));
  it('of an rpc that does not exist', () =>
    expect(messageFor('misspeltRpc')).toMatchInlineSnapshot(
      `"Property 'unray' does not exist on type '{ unary: { methodKind: "unary"; input: GenMessage<Item>; output: GenMessage<Item>; } & DescMethod; serve: { methodKind: "server_streaming"; input: GenMessage<...>; output: GenMessage<...>; } & DescMethod; collect: { ...; } & DescMethod; chat: { ...; } & DescMethod; }'. Did you mean 'unary'?"`,
    ));
});

/** The messages of each source, as if it were a file of this folder. */
function compile(sources: Readonly<Record<string, string>>): Map<string, string[]> {
  const files = new Map(Object.entries(sources).map(([name, text]) => [join(HERE, `${name}.ts`), IMPORTS + text]));
  const options: ts.CompilerOptions = { ...optionsOf(join(HERE, '..', 'tsconfig.json')), noUnusedLocals: false };
  const host = ts.createCompilerHost(options);
  const onDisk = { fileExists: host.fileExists.bind(host), readFile: host.readFile.bind(host) };
  host.fileExists = (path) => files.has(path) || onDisk.fileExists(path);
  host.readFile = (path) => files.get(path) ?? onDisk.readFile(path);
  const program = ts.createProgram([...files.keys()], options, host);
  return new Map(
    [...files.keys()].map((path, index) => [
      Object.keys(sources)[index]!,
      program
        .getSemanticDiagnostics(program.getSourceFile(path))
        .map((d) => ts.flattenDiagnosticMessageText(d.messageText, '\n')),
    ]),
  );
}

function optionsOf(tsconfig: string): ts.CompilerOptions {
  const parsed = ts.parseJsonConfigFileContent(
    ts.readConfigFile(tsconfig, (path) => ts.sys.readFile(path)).config,
    ts.sys,
    dirname(tsconfig),
  );
  return parsed.options;
}
