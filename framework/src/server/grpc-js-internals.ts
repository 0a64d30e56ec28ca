import type { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { MAX_TIMER_MS } from '../call/clock.js';
import type { Answering } from './after-answer.js';
import { timeoutHeaderMs } from './timeout-header.js';

/**
 * Everything in grpc-js that is not its public API and that the framework leans on. Nothing else may.
 * Each entry says what for and what happens without it; `probeGrpcJsInternals` checks them when an application boots.
 */

/** The header block of a call as it came: name, value, name, value … */
export type RawHeaders = readonly string[];

/** A call as HTTP/2 has it. */
export interface ReceivedCall {
  readonly headers: RawHeaders;
  /** The time its `grpc-timeout` gives it, in ms. */
  readonly timeoutMs: number | undefined;
  /** The connection it came on, as far as it matters here. */
  readonly session: Answering | undefined;
}

/**
 * The call that an interceptor is being asked about, as it came. grpc-js calls interceptors synchronously from the HTTP/2
 * server's `stream` event, so one variable per HTTP/2 server is right.
 *
 * What for: repeated keys in their order (grpc-js hands them over folded into one); a lost connection told from a cancel,
 * whatever lost it, and a cancel told from a half-close (T11); and `grpc-timeout` values above 24.8 days, which grpc-js reads into 32 bits, so that such a call would
 * end too soon (T14): they are taken out before it looks, and the engine's own timer does the rest.
 *
 * Public fallback: `undefined`. Then grpc-js' own metadata and deadline are used, a connection counts as lost only when its
 * socket is closed, and a cancel of a grpc-js client may look like the end of its requests.
 *
 * @param core a server whose newest connection injector is the one meant
 * @quarantine received-calls
 */
export function receivedCalls(core: Server): (() => ReceivedCall | undefined) | undefined {
  const { http2Servers } = core as unknown as { http2Servers?: unknown };
  const newest = http2Servers instanceof Map ? ([...http2Servers.keys()].at(-1) as Partial<EventEmitter>) : undefined;
  if (typeof newest?.prependListener !== 'function') return undefined;
  let last: ReceivedCall | undefined;
  newest.prependListener(
    'stream',
    (stream: ServerHttp2Stream, parsed: IncomingHttpHeaders, _: unknown, raw: unknown) => {
      last = undefined;
      if (!Array.isArray(raw)) return;
      const headers = raw as string[];
      const timeoutMs = timeoutHeaderMs(headers);
      last = { headers, timeoutMs, session: stream.session };
      if (timeoutMs !== undefined && timeoutMs > MAX_TIMER_MS) delete parsed['grpc-timeout'];
    },
  );
  return () => last;
}

/**
 * Checks every entry of this file against the grpc-js that is installed, on a server of its own that never listens.
 *
 * @returns one warning for each entry whose fallback is used
 */
export function probeGrpcJsInternals(): string[] {
  const core = new Server({ 'grpc.enable_channelz': 0 });
  const injector = core.createConnectionInjector(ServerCredentials.createInsecure());
  const works = receivedCalls(core) !== undefined;
  injector.destroy();
  core.forceShutdown();
  if (works) return [];
  return [
    `"received-calls" is not where nestjs-servicer looks for it in ${installedGrpcJs()}: repeated metadata keys arrive ` +
      'folded into one value, a deadline more than 24.8 days away ends its call too soon, and a cancel may look like the ' +
      'end of the requests',
  ];
}

/** `@grpc/grpc-js 1.14.7`, for messages. */
function installedGrpcJs(): string {
  const name = '@grpc/grpc-js';
  try {
    const entry = createRequire(import.meta.url).resolve(name);
    const [folder = ''] = /^.*[\\/]@grpc[\\/]grpc-js(?=[\\/])/.exec(entry) ?? [];
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { readonly version: string };
    return `${name} ${manifest.version}`;
  } catch {
    return `${name} of an unknown version`;
  }
}
