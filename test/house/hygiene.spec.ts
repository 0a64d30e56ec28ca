import { homedir } from 'node:os';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../check/sources.mjs';
import { parse } from './imports.js';
import { committedFiles, readText } from './repository.js';

/** Text that ties the repository to one machine or one registry. */
const FORBIDDEN: readonly { readonly what: string; readonly pattern: RegExp }[] = [
  {
    what: 'a path of a machine',
    pattern: /(?<![\w.])\/(?:home|Users|root|mnt|builds)\/[\w.-]+|\b[A-Z]:\\\w|\bfile:\/\/\/\w/,
  },
  { what: 'a path of this machine', pattern: literally(ROOT.replace(/\/$/, ''), homedir()) },
  {
    what: 'the host of a registry',
    pattern: /\bregistry\.(?:npmjs|yarnpkg|npmmirror)\b|\bnpm\.pkg\.github\b|\bpypi\.org\b|\bpythonhosted\.org\b/,
  },
  { what: 'where a package was downloaded', pattern: /"resolved": "(?:https?|git)\b/ },
];

const files = committedFiles();

describe('committed files', () => {
  it.each(FORBIDDEN)('do not name $what', ({ pattern }) => {
    expect(files.flatMap((file) => linesWith(pattern, file))).toEqual([]);
  });

  it.each<[what: string, text: string]>([
    ['a path of a machine', ['', 'home', 'ada', 'servicer'].join('/')],
    ['a path of this machine', `see ${ROOT}README.md`],
    ['the host of a registry', ['https://registry', 'npmjs', 'org/nest'].join('.')],
    ['where a package was downloaded', ['"resolved"', '"https://example.org/nest.tgz"'].join(': ')],
  ])('would be found naming %s', (what, text) => {
    expect(FORBIDDEN.find((rule) => rule.what === what)?.pattern.test(text)).toBe(true);
  });
});

describe('tests', () => {
  const specs = files.filter((file) => /\.(?:spec|test-d)\.ts$/.test(file));

  it('are neither singled out nor left out without a printed reason', () => {
    expect(specs.flatMap((file) => omissions(file, readText(file)))).toEqual([]);
  });

  it.each<[text: string, report: string]>([
    [`it.only('works', () => {});`, 'it.only'],
    [`describe.concurrent.only('works', () => {});`, 'describe.concurrent.only'],
    [`describe.skip('works', () => {});`, 'describe.skip'],
    [`test.todo('works');`, 'test.todo'],
    [`it.skipIf(!python)('works', () => {});`, 'it.skipIf'],
    [`it('works', ({ skip }) => skip());`, 'skip'],
    [`it('works', (context) => context.skip(!python));`, 'context.skip'],
  ])('would be found: %s', (text, report) => {
    expect(omissions('a.spec.ts', text)).toEqual([expect.stringContaining(`a.spec.ts:1 ${report}`)]);
  });

  it.each<[text: string]>([
    [`it('works', ({ skip }) => skip(!python, 'needs Python'));`],
    [`it('works', (context) => context.skip('needs Python'));`],
    [`console.warn('needs Python'); it.skipIf(!python)('works', () => {});`],
    [`const rest = list.skip(2);`],
  ])('may say: %s', (text) => {
    expect(omissions('a.spec.ts', text)).toEqual([]);
  });
});

/** @returns a pattern of the texts that say enough to be a machine's: `/` or `/app` occur in honest prose */
function literally(...texts: string[]): RegExp {
  const telling = texts.filter((text) => text.split('/').length > 2);
  if (telling.length === 0) return /(?!)/;
  return new RegExp(telling.map((text) => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|'));
}

function linesWith(pattern: RegExp, file: string): string[] {
  const lines = readText(file).split('\n');
  return lines.flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1} ${line.trim()}`] : []));
}

/** Calls that leave out tests without anybody being told why. */
function omissions(file: string, text: string): string[] {
  const source = parse(file, text);
  const prints = /\bconsole\.(?:log|info|warn)\(|\bprocess\.std(?:out|err)\.write\(/.test(text);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && leavesOut(node, prints)) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
      found.push(
        `${file}:${line + 1} ${node.expression.getText(source)}: say why, as in context.skip(condition, 'reason')`,
      );
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function leavesOut(call: ts.CallExpression, prints: boolean): boolean {
  const names = call.expression.getText().split('.');
  const modifier = names.at(-1) ?? '';
  if (/^(?:it|test|describe|suite|bench)$/.test(names[0] ?? '') && names.length > 1) {
    if (/^(?:skipIf|runIf)$/.test(modifier)) return !prints;
    return /^(?:only|skip|todo)$/.test(modifier);
  }
  // the test context's own: its note is printed by the totals reporter
  const isContext = names.length === 1 || (names.length === 2 && /^(?:context|ctx|task|t)$/.test(names[0] ?? ''));
  if (!isContext || modifier !== 'skip') return false;
  // skip(reason) or skip(condition, reason)
  const [first, second] = call.arguments;
  return (
    second === undefined && !(first !== undefined && (ts.isStringLiteralLike(first) || ts.isTemplateExpression(first)))
  );
}
