import * as grpc from '@grpc/grpc-js';
import { Metadata, type MetadataValue } from '../status/metadata.js';
import type { RawHeaders } from './grpc-js-internals.js';

/** Headers that are the transport's own and not the client's metadata. */
const TRANSPORT_HEADERS: ReadonlySet<string> = new Set([
  'accept-encoding',
  'connection',
  'content-type',
  'grpc-accept-encoding',
  'grpc-encoding',
  'grpc-timeout',
  'host',
  'te',
]);

/** Metadata for grpc-js to send. */
export function toGrpcMetadata(metadata: Metadata): grpc.Metadata {
  const result = new grpc.Metadata();
  for (const [key, value] of metadata) result.add(key, typeof value === 'string' ? value : Buffer.from(value));
  return result;
}

/** What the client sent, from the header block: every pair, in order. */
export function fromRawHeaders(headers: RawHeaders): Metadata {
  const pairs: [string, MetadataValue][] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const key = headers[at]!;
    const value = headers[at + 1]!;
    if (key.startsWith(':') || TRANSPORT_HEADERS.has(key)) continue;
    if (key.endsWith('-bin')) for (const part of value.split(',')) pairs.push([key, Buffer.from(part.trim(), 'base64')]);
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
