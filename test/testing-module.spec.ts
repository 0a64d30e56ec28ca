import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { GrpcServer, GrpcServerModule, Metadata, Servicer, ServicerContext, Unary } from 'nestjs-servicer';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Kinds } from './gen/kinds_pb.js';
import { RawKinds } from './support/raw-kinds.js';
import { metadataOf } from './support/raw-service.js';
import { TestLogger } from './support/test-logger.js';

@Injectable()
class Greetings {
  constructor(private readonly context: ServicerContext) {}

  greet(): string {
    return `hi ${String(this.context.invocationMetadata().get('user'))}`;
  }
}

@Servicer(Kinds, { partial: true })
class GreetingServicer {
  constructor(private readonly greetings: Greetings) {}

  @Unary() unary() {
    return { text: this.greetings.greet() };
  }
}

const metadata = {
  imports: [GrpcServerModule.forRoot({ listen: '127.0.0.1:0' })],
  controllers: [GreetingServicer],
  providers: [Greetings],
};

describe("Nest's testing module", () => {
  it('serves as an application does', async () => {
    const module = await Test.createTestingModule(metadata).setLogger(new TestLogger()).compile();
    const app = module.createNestMicroservice(GrpcServer.strategy());
    onTestFinished(() => app.close());
    await app.listen();
    const client = new RawKinds(`127.0.0.1:${app.get(GrpcServer).ports[0] ?? 0}`);
    onTestFinished(() => client.close());

    const { responses } = client.unary({}, { metadata: metadataOf({ user: 'ada' }) });
    expect(await responses).toMatchObject([{ text: 'hi ada' }]);
  });

  it('puts a stand-in of the test in place of the context, for a unit without a call', async () => {
    const context = { invocationMetadata: () => new Metadata({ user: 'nobody' }) };
    const module = await Test.createTestingModule(metadata)
      .setLogger(new TestLogger())
      .overrideProvider(ServicerContext)
      .useValue(context)
      .compile();
    onTestFinished(() => module.close());

    expect(module.get(Greetings).greet()).toBe('hi nobody');
    expect(module.get(GreetingServicer).unary()).toEqual({ text: 'hi nobody' });
  });

  it('needs no server module for a unit whose context is given', async () => {
    const context = { invocationMetadata: () => new Metadata({ user: 'nobody' }) };
    const module = await Test.createTestingModule({
      providers: [Greetings, { provide: ServicerContext, useValue: context }],
    })
      .setLogger(new TestLogger())
      .compile();
    onTestFinished(() => module.close());

    expect(module.get(Greetings).greet()).toBe('hi nobody');
  });
});
