import { ConfigurableModuleBuilder, Global, Module, Scope } from '@nestjs/common';
import { INQUIRER, ModulesContainer } from '@nestjs/core';
import { systemClock } from '../call/clock.js';
import { createContextStandIn } from '../call/context-stand-in.js';
import { ServicerContext } from '../call/servicer-context.js';
import { destroyFirst } from '../decorators/nest-internals.js';
import { PipelineState } from '../decorators/pipeline-state.js';
import { CLOCK } from './clock.token.js';
import { GRPC_SERVER_OPTIONS, type GrpcServerOptions } from './grpc-server.options.js';
import { GrpcServer } from './grpc-server.js';

const { ConfigurableModuleClass } = new ConfigurableModuleBuilder<GrpcServerOptions>({
  optionsInjectionToken: GRPC_SERVER_OPTIONS,
})
  .setClassMethodName('forRoot')
  .build();

/**
 * The server of an application: `forRoot({ listen })` or `forRootAsync({ inject, useFactory })`, once, in the root module.
 * It is global: `GrpcServer` and `ServicerContext` can be injected anywhere.
 */
@Global()
@Module({
  providers: [
    GrpcServer,
    PipelineState,
    { provide: CLOCK, useValue: systemClock },
    {
      provide: ServicerContext,
      // transient, so that each user has one that knows whose it is
      scope: Scope.TRANSIENT,
      inject: [INQUIRER],
      useFactory: (user: object | undefined) => createContextStandIn(user?.constructor.name ?? 'a provider'),
    },
  ],
  exports: [GrpcServer, PipelineState, ServicerContext],
})
export class GrpcServerModule extends ConfigurableModuleClass {
  constructor(modules: ModulesContainer) {
    super();
    destroyFirst(modules, GrpcServerModule);
  }
}
