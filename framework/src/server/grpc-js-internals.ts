import type { EventEmitter } from 'node:events';
import type { Server, ServerInterceptingCallInterface } from '@grpc/grpc-js';

/**
 * Everything in grpc-js that is not its public API and that the framework leans on. Nothing else may.
 * Each entry says what for and what happens without it.
 */

/** The header block of a call as it came: name, value, name, value … */
export type RawHeaders = readonly string[];

/**
 * The header block of the call that an interceptor is being asked about. grpc-js calls interceptors synchronously from the
 * HTTP/2 server's `stream` event, so one variable per HTTP/2 server is right.
 *
 * What for: repeated keys in their order (grpc-js hands them over folded into one), and `grpc-timeout` values that it
 * cannot hold (T14). Public fallback: `undefined`, and grpc-js' own metadata and deadline are used.
 *
 * @param core a server whose newest connection injector is the one meant
 * @quarantine received-headers
 */
export function receivedHeaders(core: Server): (() => RawHeaders | undefined) | undefined {
  const { http2Servers } = core as unknown as { http2Servers?: unknown };
  const newest = http2Servers instanceof Map ? ([...http2Servers.keys()].at(-1) as Partial<EventEmitter> | undefined) : undefined;
  if (typeof newest?.prependListener !== 'function') return undefined;
  let last: RawHeaders | undefined;
  newest.prependListener('stream', (_stream: unknown, _headers: unknown, _flags: unknown, raw?: unknown) => {
    last = Array.isArray(raw) ? (raw as string[]) : undefined;
  });
  return () => last;
}

/**
 * Stops the timer that grpc-js sets from `grpc-timeout`: it reads the value into 32 bits, so that one above 24.8 days turns
 * negative or short and ends its call too soon (T14). The engine's own timer takes over.
 *
 * Public fallback: none; such a call ends early with DEADLINE_EXCEEDED.
 *
 * @quarantine deadline-timer
 * @returns whether there was a timer to stop
 */
export function stopDeadlineTimer(call: ServerInterceptingCallInterface): boolean {
  const base = call as unknown as { deadlineTimer?: NodeJS.Timeout | null };
  if (base.deadlineTimer === null || base.deadlineTimer === undefined) return false;
  clearTimeout(base.deadlineTimer);
  return true;
}
