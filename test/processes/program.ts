import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { onTestFinished } from 'vitest';
import { within } from '../support/deferred.js';
import { RawKinds } from '../support/raw-kinds.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Where programs lie in the form that Node can run: it knows no decorators. The framework is the built one. */
const OUT = 'test/.out/processes';

/** What a program consists of beside itself. */
const PARTS = ['test/support/lifecycle-app.ts', 'test/support/deferred.ts', 'test/gen/kinds_pb.ts'];
const PROGRAMS = ['server', 'waiting', 'lifecycle'] as const;

export type ProgramName = (typeof PROGRAMS)[number];

/** Compiles the programs, without a look at their types: `npm run check` has that. */
export function compilePrograms(): void {
  for (const file of [...PARTS, ...PROGRAMS.map((name) => `test/processes/programs/${name}.ts`)]) {
    const { outputText } = ts.transpileModule(readFileSync(join(ROOT, file), 'utf8'), {
      compilerOptions: {
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.ESNext,
        experimentalDecorators: true,
        emitDecoratorMetadata: true,
      },
    });
    const compiled = join(ROOT, OUT, file.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(compiled), { recursive: true });
    // in one step: another worker's program may be reading it
    const draft = `${compiled}.${process.pid}`;
    writeFileSync(draft, outputText);
    renameSync(draft, compiled);
  }
}

/** A process of its own; it is killed when the test is over, if it still runs. */
export class Program {
  readonly lines: string[] = [];
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  readonly #child: ChildProcess;
  #stderr = '';
  #onLine: () => void = () => undefined;

  constructor(name: ProgramName, ...args: readonly string[]) {
    const file = join(ROOT, OUT, `test/processes/programs/${name}.js`);
    const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    let rest = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      this.lines.push(...lines);
      this.#onLine();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    this.ended = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        resolve(signal ?? code);
        this.#onLine();
      });
    });
    onTestFinished(async () => {
      child.kill('SIGKILL');
      await this.ended;
    });
  }

  /** What it has written to stderr so far: warnings, errors, its logger's too. */
  get stderr(): string {
    return this.#stderr;
  }

  /** Waits until it has said a line, and gives what the pattern caught. */
  async said(pattern: RegExp): Promise<string> {
    const found = new Promise<string>((resolve, reject) => {
      this.#onLine = () => {
        const match = this.lines.map((line) => pattern.exec(line)).find((result) => result !== null);
        if (match !== undefined) resolve(match[1] ?? match[0]);
        else if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
          reject(new Error(`the program ended before it said ${pattern}: ${this.lines.join(' | ')}\n${this.#stderr}`));
        }
      };
      this.#onLine();
    });
    return within(found, `saying ${pattern}`);
  }

  /** A client of its server. */
  async connect(): Promise<RawKinds> {
    const client = new RawKinds(`127.0.0.1:${await this.said(/^port (\d+)$/)}`);
    onTestFinished(() => client.close());
    return client;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  end(): Promise<number | NodeJS.Signals | null> {
    return within(this.ended, 'the end of the process');
  }
}
