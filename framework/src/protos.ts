// Schemas of the services and messages that gRPC itself defines, for who serves, calls or reads them.

// --- grpc.health.v1
export {
  Health,
  HealthCheckRequestSchema,
  HealthCheckResponse_ServingStatus,
  HealthCheckResponse_ServingStatusSchema,
  HealthCheckResponseSchema,
  HealthListRequestSchema,
  HealthListResponseSchema,
  type HealthCheckRequest,
  type HealthCheckResponse,
  type HealthListRequest,
  type HealthListResponse,
} from './gen/grpc/health/v1/health_pb.js';

// --- grpc.reflection.v1
export {
  ErrorResponseSchema,
  ExtensionNumberResponseSchema,
  ExtensionRequestSchema,
  FileDescriptorResponseSchema,
  ListServiceResponseSchema,
  ServerReflection,
  ServerReflectionRequestSchema,
  ServerReflectionResponseSchema,
  ServiceResponseSchema,
  type ErrorResponse,
  type ExtensionNumberResponse,
  type ExtensionRequest,
  type FileDescriptorResponse,
  type ListServiceResponse,
  type ServerReflectionRequest,
  type ServerReflectionResponse,
  type ServiceResponse,
} from './gen/grpc/reflection/v1/reflection_pb.js';

// --- grpc.reflection.v1alpha: the same messages under the name that older tools ask for
export {
  ServerReflection as ServerReflectionV1Alpha,
  ServerReflectionRequestSchema as ServerReflectionV1AlphaRequestSchema,
  ServerReflectionResponseSchema as ServerReflectionV1AlphaResponseSchema,
  type ServerReflectionRequest as ServerReflectionV1AlphaRequest,
  type ServerReflectionResponse as ServerReflectionV1AlphaResponse,
} from './gen/grpc/reflection/v1alpha/reflection_pb.js';

// --- google.rpc: a status with details, and the details that have a meaning everywhere
export { StatusSchema, type Status } from './gen/google/rpc/status_pb.js';
export {
  BadRequest_FieldViolationSchema,
  BadRequestSchema,
  DebugInfoSchema,
  ErrorInfoSchema,
  Help_LinkSchema,
  HelpSchema,
  LocalizedMessageSchema,
  PreconditionFailure_ViolationSchema,
  PreconditionFailureSchema,
  QuotaFailure_ViolationSchema,
  QuotaFailureSchema,
  RequestInfoSchema,
  ResourceInfoSchema,
  RetryInfoSchema,
  type BadRequest,
  type BadRequest_FieldViolation,
  type DebugInfo,
  type ErrorInfo,
  type Help,
  type Help_Link,
  type LocalizedMessage,
  type PreconditionFailure,
  type PreconditionFailure_Violation,
  type QuotaFailure,
  type QuotaFailure_Violation,
  type RequestInfo,
  type ResourceInfo,
  type RetryInfo,
} from './gen/google/rpc/error_details_pb.js';
