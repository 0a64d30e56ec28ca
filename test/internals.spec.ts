import type { CallHandler, ExecutionContext } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { GrpcServer, GrpcServerModule, ServerStream, Servicer } from 'nestjs-servicer';
import { tap } from 'rxjs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { PipelineState } from '../framework/src/decorators/pipeline-state.js';
import { Kinds } from './gen/kinds_pb.js';
import { RawKinds } from './support/raw-kinds.js';
import { TestLogger } from './support/test-logger.js';
import { startTestServer } from './support/test-server.js';

@Servicer(Kinds, { partial: true })
class CountingServicer {
  @ServerStream() async *serve() {
    for (const count of [1, 2, 3]) yield { count };
  }
}

const metadata = {
  imports: [GrpcServerModule.forRoot({ listen: '127.0.0.1:0' })],
  controllers: [CountingServicer],
};

/** Looks up metadata as Nest would, if it kept the arguments of the probe elsewhere. */
function hideProbe(): void {
  const { getMetadata } = Reflect as unknown as {
    getMetadata: (key: unknown, target: object, name?: string) => unknown;
  };
  const spy = vi.spyOn(Reflect as unknown as { getMetadata: typeof getMetadata }, 'getMetadata');
  spy.mockImplementation((key, target, name) => {
    const isProbe = typeof target === 'function' && target.name === 'Probe' && name !== undefined;
    return isProbe ? undefined : name === undefined ? getMetadata(key, target) : getMetadata(key, target, name);
  });
  onTestFinished(() => spy.mockRestore());
}

describe('design 3, internals of Nest are looked for at boot', () => {
  it('none is missing: no word of it', async () => {
    await using test = await startTestServer({ controllers: [CountingServicer] });
    expect(test.logger.messages('warn')).toEqual([]);
  });

  it('one that nothing can stand in for is missing: an error names it and the versions', async () => {
    hideProbe();
    await expect(startTestServer({ controllers: [CountingServicer] })).rejects.toMatchObject({
      name: 'InternalsError',
      entry: 'route-arguments',
      message: expect.stringMatching(/@nestjs\/core \d+\./) as string,
    });
  });

  it('the global enhancers are out of sight: one warning, and interceptors still see each message', async () => {
    const logger = new TestLogger();
    const module = await Test.createTestingModule(metadata)
      .setLogger(logger)
      .overrideProvider(PipelineState)
      .useFactory({ factory: () => new PipelineState({} as never) })
      .compile();
    const app = module.createNestMicroservice(GrpcServer.strategy());
    onTestFinished(() => app.close());
    const seen: unknown[] = [];
    const intercept = (_host: ExecutionContext, next: CallHandler) =>
      next.handle().pipe(tap((value) => seen.push(value)));
    app.useGlobalInterceptors({ intercept });
    await app.listen();
    const client = new RawKinds(`127.0.0.1:${app.get(GrpcServer).ports[0] ?? 0}`);
    onTestFinished(() => client.close());

    expect(await client.serve().responses).toHaveLength(3);
    expect(seen).toEqual([{ count: 1 }, { count: 2 }, { count: 3 }]);
    expect(logger.messages('warn')).toEqual([
      expect.stringMatching(/^"global-enhancers" is not where nestjs-servicer looks/),
    ]);
  });

  it('the order in which modules are destroyed cannot be set: one warning says what to do', async () => {
    const logger = new TestLogger();
    const module = await Test.createTestingModule(metadata).setLogger(logger).compile();
    for (const one of module.get(ModulesContainer).values()) one.distance = 1;
    const app = module.createNestMicroservice(GrpcServer.strategy());
    onTestFinished(() => app.close());
    await app.listen();

    expect(logger.messages('warn')).toEqual([
      expect.stringMatching(/^"module-distance" is not where .*: stop the server before app\.close\(\)/),
    ]);
  });
});
