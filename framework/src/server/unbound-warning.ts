import type { LoggerService } from '@nestjs/common';

/** How long after its bootstrap an application may take to bind its server before it is told, in ms. */
const UNBOUND_AFTER_MS = 5_000;

/** Warns when an application has come up and nothing listens: nothing else would say that its servicers are not served. */
export function warnIfUnbound(isUnbound: () => boolean, logger: LoggerService): void {
  const timer = setTimeout(() => {
    if (!isUnbound()) return;
    logger.warn(
      'GrpcServerModule is imported, and nothing listens: create the application with ' +
        'NestFactory.createMicroservice(AppModule, GrpcServer.strategy()) and await app.listen(), or beside an HTTP application ' +
        'call GrpcServer.connect(app) and await app.startAllMicroservices()',
    );
  }, UNBOUND_AFTER_MS);
  timer.unref();
}
