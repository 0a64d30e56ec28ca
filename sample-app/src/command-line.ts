import { parseArgs } from 'node:util';

/** How the server was asked to run. */
export interface Flags {
  /** 0 picks a free one. */
  readonly port: number;
  readonly maximumHashes: number;
  readonly maximumConcurrentRpcs: number;
}

/** What a command line asks for. */
export type Command =
  | { readonly kind: 'serve'; readonly flags: Flags }
  | { readonly kind: 'help' }
  | { readonly kind: 'refuse'; readonly problem: string };

const DEFAULTS: Flags = { port: 50_051, maximumHashes: 1_000_000, maximumConcurrentRpcs: 1 };

const NUMBERS = [
  { name: 'port', field: 'port', least: 0, most: 65_535, help: 'TCP port on localhost, 0 for a free one' },
  {
    name: 'maximum-hashes',
    field: 'maximumHashes',
    least: 1,
    most: Number.MAX_SAFE_INTEGER,
    help: 'hashes that one search may try, such as 1e12',
  },
  {
    name: 'maximum-concurrent-rpcs',
    field: 'maximumConcurrentRpcs',
    least: 1,
    // each may be a search, in a thread of its own
    most: 64,
    help: 'RPCs served at once, the others are refused; up to 64',
  },
] as const;

/** What `--help` prints. */
export const USAGE = `Usage: npm start -- [flags]

Serves hash_name.HashFinder and servicer.sample.v1.Greeter. Ctrl-C ends it once the calls in flight have ended.

${NUMBERS.map(({ name, field, help }) => usageLine(`--${name} N`, `${help} (default ${DEFAULTS[field]})`)).join('\n')}
${usageLine('--help', 'prints this')}
`;

/** @param args without the program's own name, as in `process.argv.slice(2)` */
export function readCommandLine(args: readonly string[]): Command {
  const numbers = NUMBERS.map(({ name }) => [name, { type: 'string' }] as const);
  // not strict: our own messages say in one line what a flag takes
  const { tokens } = parseArgs({ args: [...args], strict: false, tokens: true, options: Object.fromEntries(numbers) });
  const flags: Record<keyof Flags, number> = { ...DEFAULTS };
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'positional') return refuse(`Unexpected argument "${token.value}"`);
    if (token.name === 'help') return { kind: 'help' };
    const flag = NUMBERS.find(({ name }) => name === token.name);
    if (flag === undefined) return refuse(`Unknown flag ${token.rawName}`);
    const number = wholeNumber(token.value);
    if (number === undefined || number < flag.least || number > flag.most) {
      const given = token.value === undefined ? 'nothing' : `"${token.value}"`;
      return refuse(`--${flag.name} takes a whole number from ${flag.least} to ${flag.most}, not ${given}`);
    }
    flags[flag.field] = number;
  }
  return { kind: 'serve', flags };
}

function refuse(problem: string): Command {
  return { kind: 'refuse', problem: `${problem} (see --help)` };
}

/** `1000`, `1e6`, `2.5e3`: digits that come to a whole number. */
function wholeNumber(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d+(\.\d+)?(e\d+)?$/i.test(text)) return undefined;
  return Number.isSafeInteger(Number(text)) ? Number(text) : undefined;
}

function usageLine(flag: string, help: string): string {
  return `  ${flag.padEnd(30)}${help}`;
}
