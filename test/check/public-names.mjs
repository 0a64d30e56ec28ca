import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { ROOT } from './sources.mjs';

/**
 * What the framework exports, as the compiler sees it in the sources of its entries.
 *
 * @typedef {{ readonly name: string, readonly kind: 'value' | 'type' }} PublicName A class is a value.
 * @returns {ReadonlyMap<string, readonly PublicName[]>} by import specifier, in the order of the package's `exports`
 */
export function publicNames() {
  const entries = entrySources();
  const program = ts.createProgram([...entries.values()], compilerOptions());
  const checker = program.getTypeChecker();
  return new Map([...entries].map(([specifier, file]) => [specifier, namesOf(program, checker, file)]));
}

/** @returns {Map<string, string>} the source file of each subpath export that has one */
function entrySources() {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'framework/package.json'), 'utf8'));
  return new Map(
    Object.entries(manifest.exports)
      .filter(([, target]) => target.source !== undefined)
      .map(([subpath, target]) => [join(manifest.name, subpath), join(ROOT, 'framework', target.source)]),
  );
}

/** @returns {ts.CompilerOptions} those of the framework's own project */
function compilerOptions() {
  const file = join(ROOT, 'framework/tsconfig.json');
  const { config } = ts.readConfigFile(file, (path) => ts.sys.readFile(path));
  return ts.parseJsonConfigFileContent(config, ts.sys, dirname(file)).options;
}

/**
 * @param {ts.Program} program
 * @param {ts.TypeChecker} checker
 * @param {string} file
 * @returns {PublicName[]}
 */
function namesOf(program, checker, file) {
  const source = program.getSourceFile(file);
  const module = source && checker.getSymbolAtLocation(source);
  if (module === undefined) return [];
  return checker
    .getExportsOfModule(module)
    .map((symbol) => ({ name: symbol.name, kind: kindOf(checker, symbol) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * @param {ts.TypeChecker} checker
 * @param {ts.Symbol} symbol
 * @returns {PublicName['kind']}
 */
function kindOf(checker, symbol) {
  const typeOnly = symbol.declarations?.some((declaration) => ts.isTypeOnlyImportOrExportDeclaration(declaration));
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  return !typeOnly && target.flags & ts.SymbolFlags.Value ? 'value' : 'type';
}
