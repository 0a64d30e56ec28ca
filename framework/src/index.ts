// The public API, in the order in which the README introduces it.

// --- servicers
export { Servicer, type ServicerOptions } from './decorators/servicer.decorator.js';
export { BidiStream, ClientStream, ServerStream, Unary } from './decorators/method.decorators.js';
export { Context, Deadline, InvocationMetadata, Peer, RequestMessage, Signal } from './decorators/param.decorators.js';
export { OnCancel } from './decorators/on-cancel.decorator.js';
export type { MethodName, MethodsOf, Reply, Request, SchemaSource } from './schema/method-types.js';

// --- the call being served
export { ServicerContext } from './call/servicer-context.js';
export { StreamContext } from './call/stream-context.js';
export { OutsideCallError } from './call/context-stand-in.js';
export type { RpcContext } from './call/rpc-context.js';
export { EOF, EofError } from './streams/eof.js';

// --- the server
export { GrpcServerModule } from './server/grpc-server.module.js';
export { GrpcServer, type GrpcServerEvents, type ListenResult } from './server/grpc-server.js';
export type {
  ConnectionOptions,
  GrpcServerOptions,
  KeepaliveOptions,
  ListenOn,
  ShutdownOptions,
} from './server/grpc-server.options.js';
export type { FeatureServicer, ServerFeature } from './server/server-feature.js';
export type { OnServerDraining, OnServerServing, OnServerTerminated } from './termination/lifecycle-hooks.js';
export { ServerCrashedError } from './termination/server-crashed-error.js';
export type { ServerState } from './termination/server-state.js';
export { DeclarationError } from './decorators/declaration-error.js';

// --- status and metadata
export { StatusCode, isStatusCode } from './status/status-code.js';
export { StatusError, type Status, type StatusErrorOptions } from './status/status-error.js';
export { CallEndedError, type CallEndReason } from './status/call-ended-error.js';
export { CallAbortedError } from './status/call-aborted-error.js';
export { UsageError } from './status/usage-error.js';
export { InvalidMetadataError, Metadata, type MetadataInit, type MetadataValue } from './status/metadata.js';

// --- schemas
export { schemaOf } from './schema/schema-of.js';
export { loadSchemas, type LoadedService } from './schema/from-proto-files.js';
export { withCodecs, type Codecs } from './schema/with-codecs.js';
export type { MessageCodec, MethodKind, MethodSchema, ServiceSchema } from './schema/service-schema.js';
