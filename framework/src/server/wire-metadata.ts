import * as grpc from '@grpc/grpc-js';
import { InvalidMetadataError, Metadata, RESERVED_KEYS, type MetadataValue } from '../status/metadata.js';
import type { RawHeaders } from './grpc-js-internals.js';

/** Headers that are the transport's own and not the client's metadata. */
const TRANSPORT_HEADERS: ReadonlySet<string> = new Set(['accept-encoding', ...RESERVED_KEYS]);

/** Bytes of metadata that a status may carry: more than HTTP/2 takes in one header block would reach nobody. */
const MAX_SENT_BYTES = 48 * 1024;

/**
 * Names of HTTP that Node's HTTP/2 sends one value of each. More make it throw, for trailers from within an event that
 * nobody can catch.
 */
const SINGLE_VALUED: ReadonlySet<string> = new Set([
  'access-control-allow-credentials',
  'access-control-max-age',
  'access-control-request-method',
  'age',
  'authorization',
  'content-encoding',
  'content-language',
  'content-location',
  'content-md5',
  'content-range',
  'date',
  'dnt',
  'etag',
  'expires',
  'from',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-modified',
  'location',
  'max-forwards',
  'proxy-authorization',
  'range',
  'referer',
  'retry-after',
  'tk',
  'upgrade-insecure-requests',
  'user-agent',
  'x-content-type-options',
]);

/**
 * Metadata for grpc-js to send.
 *
 * @throws {InvalidMetadataError} for what cannot travel: too much, or received with a value that gRPC does not allow
 */
export function toGrpcMetadata(metadata: Metadata): grpc.Metadata {
  const result = new grpc.Metadata();
  const pairs = metadata.checked();
  const bytes = pairs.reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  if (bytes > MAX_SENT_BYTES)
    throw new InvalidMetadataError(`The metadata has ${bytes} bytes; at most ${MAX_SENT_BYTES} can be sent`);
  for (const [key, value] of pairs) {
    const first = SINGLE_VALUED.has(key) ? result.get(key)[0] : undefined;
    // gRPC lets values of one key be joined by a comma
    if (first !== undefined) result.set(key, `${String(first)},${String(value)}`);
    else result.add(key, typeof value === 'string' ? value : Buffer.from(value));
  }
  return result;
}

/** What the client sent, from the header block: every pair, in order. */
export function fromRawHeaders(headers: RawHeaders): Metadata {
  const pairs: [string, MetadataValue][] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const key = headers[at]!;
    const value = headers[at + 1]!;
    if (key.startsWith(':') || TRANSPORT_HEADERS.has(key)) continue;
    if (key.endsWith('-bin'))
      for (const part of value.split(',')) pairs.push([key, Buffer.from(part.trim(), 'base64')]);
    else pairs.push([key, value]);
  }
  return Metadata.received(pairs);
}

/** What the client sent, as grpc-js read it: repeated keys are folded into one value. */
export function fromGrpcMetadata(metadata: grpc.Metadata): Metadata {
  const pairs: [string, MetadataValue][] = [];
  for (const key of Object.keys(metadata.getMap())) {
    if (!TRANSPORT_HEADERS.has(key)) for (const value of metadata.get(key)) pairs.push([key, value]);
  }
  return Metadata.received(pairs);
}
