import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, writtenSources } from '../check/sources.mjs';
import type { Source } from './imports.js';

/** What people wrote in a package and is shipped, relative to its `src`. */
export function sourcesOf(name: 'framework' | 'sample-app'): Source[] {
  return writtenSources(name).map((path) => ({ path, text: readText(`${name}/src/${path}`) }));
}

/** What is, or is about to be, committed. */
export function committedFiles(): string[] {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: ROOT });
  const deleted = execFileSync('git', ['ls-files', '-z', '--deleted'], { cwd: ROOT }).toString().split('\0');
  return listed
    .toString()
    .split('\0')
    .filter((path) => path !== '' && !deleted.includes(path));
}

export function readText(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** The part of a package's manifest that the rules here are about. */
export interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

export const framework = JSON.parse(readText('framework/package.json')) as Manifest;
