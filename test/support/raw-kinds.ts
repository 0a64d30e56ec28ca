import type { EventEmitter } from 'node:events';
import * as grpc from '@grpc/grpc-js';
import { KindsService, type Item } from '../gen/ts-proto/kinds.js';

/** How a call ended, as raw grpc-js tells it. */
export interface Ended {
  readonly code: grpc.status;
  readonly details: string;
  readonly trailers: grpc.Metadata;
}

/** A call and what came of it. */
export interface RawCall<Call> {
  readonly call: Call;
  readonly initialMetadata: Promise<grpc.Metadata>;
  /** Every response, in order, once the call has ended. */
  readonly responses: Promise<Item[]>;
  readonly ended: Promise<Ended>;
}

/** Options of one call: `deadline` is an instant, as grpc-js has it. */
export interface RawOptions extends grpc.CallOptions {
  readonly metadata?: grpc.Metadata;
}

/** An item with defaults where a test does not care. */
export function item(init: Partial<Item> = {}): Item {
  return { text: '', count: 0, blob: Buffer.alloc(0), big: 0, ...init };
}

/** A grpc-js client of `servicer.test.v1.Kinds`, the way its users drive it: what we are tested with is not ours. */
export class RawKinds {
  readonly channel: grpc.Client;

  constructor(address: string, credentials = grpc.credentials.createInsecure(), options: grpc.ClientOptions = {}) {
    this.channel = new grpc.Client(address, credentials, {
      'grpc.enable_http_proxy': 0,
      'grpc.use_local_subchannel_pool': 1,
      ...options,
    });
  }

  unary(request: Partial<Item> = {}, options: RawOptions = {}): RawCall<grpc.ClientUnaryCall> {
    const { path, requestSerialize, responseDeserialize } = KindsService.unary;
    const responses: Item[] = [];
    const call = this.channel.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      item(request),
      options.metadata ?? new grpc.Metadata(),
      options,
      (_error, response) => {
        if (response !== undefined) responses.push(response);
      },
    );
    return watch(call, responses);
  }

  serve(request: Partial<Item> = {}, options: RawOptions = {}): RawCall<grpc.ClientReadableStream<Item>> {
    const { path, requestSerialize, responseDeserialize } = KindsService.serve;
    const call = this.channel.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      item(request),
      options.metadata ?? new grpc.Metadata(),
      options,
    );
    return watch(call, collect(call));
  }

  collect(options: RawOptions = {}): RawCall<grpc.ClientWritableStream<Item>> {
    const { path, requestSerialize, responseDeserialize } = KindsService.collect;
    const responses: Item[] = [];
    const call = this.channel.makeClientStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      options.metadata ?? new grpc.Metadata(),
      options,
      (_error, response) => {
        if (response !== undefined) responses.push(response);
      },
    );
    return watch(call, responses);
  }

  chat(options: RawOptions = {}): RawCall<grpc.ClientDuplexStream<Item, Item>> {
    const { path, requestSerialize, responseDeserialize } = KindsService.chat;
    const call = this.channel.makeBidiStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      options.metadata ?? new grpc.Metadata(),
      options,
    );
    return watch(call, collect(call));
  }

  close(): void {
    this.channel.close();
  }
}

function collect(call: grpc.ClientReadableStream<Item>): Item[] {
  const responses: Item[] = [];
  call.on('data', (response: Item) => responses.push(response));
  return responses;
}

function watch<Call extends grpc.ClientUnaryCall | grpc.ClientReadableStream<Item> | grpc.ClientWritableStream<Item>>(
  call: Call,
  responses: Item[],
): RawCall<Call> {
  // without a listener a failed stream is an uncaught exception (T1); `status` says the same
  (call as EventEmitter).on('error', () => undefined);
  const ended = new Promise<Ended>((resolve) => {
    call.on('status', ({ code, details, metadata }: grpc.StatusObject) =>
      resolve({ code, details, trailers: metadata }),
    );
  });
  const initialMetadata = new Promise<grpc.Metadata>((resolve) => call.on('metadata', resolve));
  return { call, initialMetadata, ended, responses: ended.then(() => responses) };
}
