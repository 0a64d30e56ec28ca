import * as grpc from '@grpc/grpc-js';
import { Item } from '../gen/ts-proto/kinds.js';
import { item, type RawKinds } from './raw-kinds.js';

const codec = {
  requestSerialize: (value: Item): Buffer => Buffer.from(Item.encode(value).finish()),
  requestDeserialize: (bytes: Buffer): Item => Item.decode(bytes),
  responseSerialize: (value: Partial<Item>): Buffer => Buffer.from(Item.encode(item(value)).finish()),
  responseDeserialize: (bytes: Buffer): Item => Item.decode(bytes),
};

/** A grpc-js service definition of unary and server-streaming rpcs over `Item`, as ts-proto generates them. */
export function itemService(name: string, unary: readonly string[], serverStreams: readonly string[] = []) {
  const methodOf = (rpc: string, responseStream: boolean) => ({
    path: `/${name}/${rpc.charAt(0).toUpperCase()}${rpc.slice(1)}`,
    requestStream: false,
    responseStream,
    ...codec,
  });
  return Object.fromEntries([
    ...unary.map((rpc) => [rpc, methodOf(rpc, false)]),
    ...serverStreams.map((rpc) => [rpc, methodOf(rpc, true)]),
  ]) as grpc.ServiceDefinition;
}

/** What a call came to: the texts of its responses, then, unless all went well, its code and details. */
export type Outcome = (string | [code: number, details: string])[];

/** Calls an rpc of any service over `Item`, one request and one or many responses. */
export function callPath(
  client: RawKinds,
  path: string,
  request: Partial<Item> = {},
  metadata: Readonly<Record<string, string | Buffer>> = {},
): Promise<Outcome> {
  const call = client.channel.makeServerStreamRequest(
    path,
    codec.requestSerialize,
    codec.responseDeserialize,
    item(request),
    metadataOf(metadata),
  );
  const outcome: Outcome = [];
  return new Promise((resolve) => {
    call.on('data', ({ text }: Item) => outcome.push(text));
    // without a listener a failed stream is an uncaught exception (T1); `status` says the same
    call.on('error', () => undefined);
    call.on('status', ({ code, details }: grpc.StatusObject) =>
      resolve(code === grpc.status.OK ? outcome : [...outcome, [code, details]]),
    );
  });
}

export function metadataOf(pairs: Readonly<Record<string, string | Buffer>>): grpc.Metadata {
  const metadata = new grpc.Metadata();
  for (const [key, value] of Object.entries(pairs)) metadata.add(key, value);
  return metadata;
}
