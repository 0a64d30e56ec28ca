import * as grpc from '@grpc/grpc-js';
import { KindsService, type Item } from '../gen/ts-proto/kinds.js';
import { RawKinds } from './raw-kinds.js';

/** Handlers of `servicer.test.v1.Kinds` as grpc-js has them; what they return it ignores. */
export interface RawHandlers {
  readonly unary?: (call: grpc.ServerUnaryCall<Item, Item>, callback: grpc.sendUnaryData<Item>) => unknown;
  readonly serve?: (call: grpc.ServerWritableStream<Item, Item>) => unknown;
  readonly collect?: (call: grpc.ServerReadableStream<Item, Item>, callback: grpc.sendUnaryData<Item>) => unknown;
  readonly chat?: (call: grpc.ServerDuplexStream<Item, Item>) => unknown;
}

/** A server of plain grpc-js: the control, which shows the trap that ours does not have. */
export interface RawServer extends AsyncDisposable {
  readonly core: grpc.Server;
  readonly address: string;
  readonly client: RawKinds;
}

export async function startRawServer(handlers: RawHandlers, options: grpc.ServerOptions = {}): Promise<RawServer> {
  const core = new grpc.Server(options);
  core.addService(KindsService, handlers as unknown as grpc.UntypedServiceImplementation);
  const port = await new Promise<number>((resolve, reject) => {
    core.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  const address = `127.0.0.1:${port}`;
  const client = new RawKinds(address);
  return {
    core,
    address,
    client,
    async [Symbol.asyncDispose]() {
      client.close();
      core.forceShutdown();
    },
  };
}
